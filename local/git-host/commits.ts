import type { Git } from './git-process.ts';
import type { Repository } from './repositories.ts';
import { userJson } from './repository-json.ts';

/** A file that differs between two trees, in GitHub's form (without its patch, which GitHub leaves out of large ones too). */
export interface ChangedFile {
  sha: string;
  filename: string;
  status: 'added' | 'removed' | 'modified' | 'renamed' | 'copied' | 'changed';
  additions: number;
  deletions: number;
  changes: number;
  blob_url: string;
  raw_url: string;
  contents_url: string;
  previous_filename: string | undefined;
}

const statuses: Record<string, ChangedFile['status']> = {
  A: 'added',
  D: 'removed',
  M: 'modified',
  R: 'renamed',
  C: 'copied',
  T: 'changed',
};

const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const maxCommitFiles = 300;

/** What GitHub says about commits and what is between them. */
export function createCommits(url: string, git: Git) {
  const apiOf = ({ owner, name }: Repository) => `${url}/github/repos/${owner}/${name}`;
  const pageOf = ({ owner, name }: Repository) => `${url}/git/${owner}/${name}`;

  /** The commit that the two have in common; undefined without one. */
  async function mergeBase({ folder }: Repository, one: string, other: string): Promise<string | undefined> {
    return (await git.ask(folder, ['merge-base', one, other]))?.trim();
  }

  /** The files of `head` beside those of `base`, by name. */
  async function files(repository: Repository, base: string, head: string): Promise<ChangedFile[]> {
    const output = await git.run(repository.folder, [
      'diff',
      '--raw',
      '--numstat',
      '-z',
      '--find-renames',
      '--no-abbrev',
      '--no-ext-diff',
      '--no-textconv',
      base,
      head,
    ]);
    const tokens = output.toString('utf8').split('\0').values();
    const next = () => tokens.next().value ?? '';
    const found = new Map<string, ChangedFile>();
    for (let token = next(); token; token = next()) {
      const raw = /^:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) ([A-Z])/.exec(token);
      if (raw) {
        const [, sha = '', letter = ''] = raw;
        const previous = letter === 'R' || letter === 'C' ? next() : undefined;
        const filename = next();
        const path = filename.split('/').map(encodeURIComponent).join('/');
        found.set(filename, {
          sha,
          filename,
          status: statuses[letter] ?? 'changed',
          additions: 0,
          deletions: 0,
          changes: 0,
          blob_url: `${pageOf(repository)}/blob/${head}/${path}`,
          raw_url: `${pageOf(repository)}/raw/${head}/${path}`,
          contents_url: `${apiOf(repository)}/contents/${path}?ref=${head}`,
          previous_filename: previous,
        });
        continue;
      }
      const [added = '', deleted = '', name = ''] = token.split('\t');
      // Of a rename both names follow, the new one last; a binary file has no lines.
      const [, renamed] = name === '' ? [next(), next()] : [];
      const file = found.get(renamed ?? name);
      const [additions, deletions] = [Number(added) || 0, Number(deleted) || 0];
      if (file) Object.assign(file, { additions, deletions, changes: additions + deletions });
    }
    return [...found.values()];
  }

  /** The commits that `head` reaches and `base` does not, oldest first. */
  async function between({ folder }: Repository, base: string, head: string): Promise<string[]> {
    const output = await git.run(folder, ['rev-list', '--topo-order', '--reverse', head, `^${base}`]);
    return output.toString().split('\n').filter(Boolean);
  }

  /** https://docs.github.com/en/rest/commits/commits#get-a-commit */
  async function json(repository: Repository, sha: string) {
    const format = '--format=%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B';
    const output = await git.run(repository.folder, ['log', '--max-count=1', '--no-patch', format, sha]);
    const [tree = '', parents = '', author = '', authorEmail, authorDate, committer = '', email, date, message = ''] =
      output.toString().split('\0');
    const api = apiOf(repository);
    return {
      sha,
      node_id: Buffer.from(`06:Commit${sha}`).toString('base64'),
      commit: {
        author: { name: author, email: authorEmail ?? '', date: authorDate ?? '' },
        committer: { name: committer, email: email ?? '', date: date ?? '' },
        message: message.replace(/\n+$/, ''),
        tree: { sha: tree, url: `${api}/git/trees/${tree}` },
        url: `${api}/git/commits/${sha}`,
        comment_count: 0,
        verification: { verified: false, reason: 'unsigned', signature: null, payload: null },
      },
      url: `${api}/commits/${sha}`,
      html_url: `${pageOf(repository)}/commit/${sha}`,
      comments_url: `${api}/commits/${sha}/comments`,
      // The host knows no addresses of accounts.
      author: null,
      committer: null,
      parents: parents
        .split(' ')
        .filter(Boolean)
        .map((id) => ({ sha: id, url: `${api}/commits/${id}`, html_url: `${pageOf(repository)}/commit/${id}` })),
    };
  }

  return {
    mergeBase,
    files,
    between,
    json,
    /** The commit with the files that it changed beside its first parent. */
    async detail(repository: Repository, sha: string) {
      const commit = await json(repository, sha);
      const changed = await files(repository, commit.parents[0]?.sha ?? emptyTree, sha);
      const sum = (name: 'additions' | 'deletions') => changed.reduce((total, file) => total + file[name], 0);
      const [additions, deletions] = [sum('additions'), sum('deletions')];
      return {
        ...commit,
        stats: { total: additions + deletions, additions, deletions },
        files: changed.slice(0, maxCommitFiles),
      };
    },
    async isAncestor({ folder }: Repository, one: string, other: string): Promise<boolean> {
      return (await git.ask(folder, ['merge-base', '--is-ancestor', one, other])) !== undefined;
    },
    /** A commit of the merge of both, or undefined where they do not fit together. No ref names it yet. */
    async merge(
      { folder }: Repository,
      base: string,
      head: string,
      { message, login, parents = [base, head] }: { message: string; login: string; parents?: string[] },
    ): Promise<string | undefined> {
      const tree = (await git.ask(folder, ['merge-tree', '--write-tree', base, head]))?.split('\n')[0];
      if (!tree) return undefined;
      const identity = [
        '-c',
        `user.name=${login}`,
        '-c',
        `user.email=${userJson(url, login).login}@users.noreply.localhost`,
      ];
      const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-'];
      return (await git.run(folder, [...identity, ...args], { input: message })).toString().trim();
    },
  };
}

export type Commits = ReturnType<typeof createCommits>;
