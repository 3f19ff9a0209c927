import type { PullRequest, RepositoryApi, StatusMark } from '../../services/git-host/repository-api.ts';

/** GitHub's API in memory, for the repositories below https://git.example. */
export function createFakeGithub() {
  const pullRequests = new Map<number, PullRequest>();
  /** Who may write to the repository. */
  const writers = new Set<string>();
  const comparisons = new Map<string, { isAhead: boolean; files: string[] }>();
  const comments: { repository: string; number: number; body: string }[] = [];
  const asked: string[] = [];
  const permissionsAsked: string[] = [];
  /** Texts by `owner/name commit path`. */
  const files = new Map<string, string>();
  const marks: (StatusMark & { commit: string })[] = [];
  const github = {
    pullRequests,
    writers,
    comparisons,
    comments,
    asked,
    permissionsAsked,
    files,
    marks,
    failure: undefined as Error | undefined,
    /** What happens between the next request for a pull request and its answer. */
    meanwhile: undefined as (() => Promise<unknown>) | undefined,
    hasToken: true,
  };
  const host = { kind: 'github', url: 'https://git.example', apiUrl: 'https://api.git.example' } as const;

  /** By its path. */
  const repositories = new Map<string, RepositoryApi>();

  function repository(path: string): RepositoryApi {
    const known = repositories.get(path) ?? createRepository(path);
    repositories.set(path, known);
    return known;
  }

  function createRepository(path: string): RepositoryApi {
    return {
      host,
      path,
      isAuthenticated: async () => github.hasToken,
      async compare(base, head) {
        if (github.failure) throw github.failure;
        asked.push(`${path} ${base}...${head}`);
        return comparisons.get(`${base}...${head}`);
      },
      async mayWrite(username) {
        if (github.failure) throw github.failure;
        permissionsAsked.push(`${username} in ${path}`);
        return writers.has(username);
      },
      async pullRequest(number) {
        asked.push(`${path}#${number}`);
        if (github.failure) throw github.failure;
        const shown = pullRequests.get(number);
        const { meanwhile } = github;
        github.meanwhile = undefined;
        await meanwhile?.();
        return shown;
      },
      file: async (name, commit) => files.get(`${path} ${commit} ${name}`),
      setStatus: async (sha, mark) => void marks.push({ ...mark, commit: sha }),
      async keepComment(number, mark, body) {
        const known = comments.find((comment) => comment.number === number && comment.body.includes(mark));
        if (known) known.body = body;
        else comments.push({ repository: path, number, body });
      },
      archivePath: notAsked,
      archive: notAsked,
      pulls: { openFrom: notAsked, get: notAsked, open: notAsked, change: notAsked, close: notAsked },
    };
  }

  function repositoryAt(sourceUrl: string): RepositoryApi | undefined {
    const path = /^https:\/\/git\.example\/(\w+\/\w+)(?:\.git)?$/.exec(sourceUrl)?.[1];
    return path === undefined ? undefined : repository(path);
  }
  return Object.assign(github, { host, repository, repositoryAt });
}

function notAsked(): never {
  throw new Error('Nothing asks for this.');
}
