import type { GithubApi, PullRequest, StatusMark } from '../../services/git-host/github-api.ts';

/** GitHub's API in memory, for the repositories below https://git.example. */
export function createFakeGithub() {
  const pullRequests = new Map<number, PullRequest>();
  const permissions = new Map<string, string>();
  const comparisons = new Map<string, { isAhead: boolean; files: string[] }>();
  const comments: { repository: string; number: number; body: string }[] = [];
  const asked: string[] = [];
  const permissionsAsked: string[] = [];
  /** Texts by `owner/name commit path`. */
  const files = new Map<string, string>();
  const marks: (StatusMark & { commit: string })[] = [];
  const github = {
    ...{ pullRequests, permissions, comparisons, comments, asked, permissionsAsked, files, marks },
    failure: undefined as Error | undefined,
    /** What happens between the next request for a pull request and its answer. */
    meanwhile: undefined as (() => Promise<unknown>) | undefined,
    hasToken: true,
  };
  const api: GithubApi = {
    repositoryAt: (sourceUrl) => /^https:\/\/git\.example\/(\w+\/\w+)\.git$/.exec(sourceUrl)?.[1],
    isAuthenticated: async () => github.hasToken,
    async compare(repository, base, head) {
      if (github.failure) throw github.failure;
      asked.push(`${repository} ${base}...${head}`);
      return comparisons.get(`${base}...${head}`);
    },
    async permission(repository, username) {
      if (github.failure) throw github.failure;
      permissionsAsked.push(`${username} in ${repository}`);
      return permissions.get(username) ?? 'none';
    },
    async pullRequest(repository, number) {
      asked.push(`${repository}#${number}`);
      if (github.failure) throw github.failure;
      const shown = pullRequests.get(number);
      const { meanwhile } = github;
      github.meanwhile = undefined;
      await meanwhile?.();
      return shown;
    },
    file: async (repository, path, commit) => files.get(`${repository} ${commit} ${path}`),
    setStatus: async (_, sha, mark) => void marks.push({ ...mark, commit: sha }),
    async keepComment(repository, number, mark, body) {
      const known = comments.find((comment) => comment.number === number && comment.body.includes(mark));
      if (known) known.body = body;
      else comments.push({ repository, number, body });
    },
  };
  return Object.assign(github, { api });
}
