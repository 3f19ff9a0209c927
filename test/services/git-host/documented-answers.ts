import type { GitHostKind } from '../../../core/model/git-host.ts';

const commit = 'a'.repeat(40);

export interface Pull {
  isOpen?: boolean;
  /** `deleted`: the fork is there no more. `for`: a push to `refs/for/main`, where the host knows such pushes. */
  from?: 'repository' | 'fork' | 'deleted' | 'for';
}

/** By its route: what the API answers, in the form that its documentation has. */
export type Answers = Record<string, unknown>;

/** The API of a kind of host about one repository, which is at `url`. */
export interface DocumentedApi {
  url: string;
  pullRequest(pull: Pull): Answers;
  /** What users may do. */
  members(roles: Record<string, 'write' | 'read'>): Answers;
  /** The route that says it of one. */
  memberRoute(username: string): string;
  /** Commits from `old` to `new`. */
  comparison(files: string[], over?: { isDiverged?: boolean; isIncomplete?: boolean }): Answers;
  file(path: string, text: string): Answers;
  statusRoute: string;
  /** The body of a status that says success. */
  status: object;
  /** The comments at pull request 7, each with the id of its author; the token's account is 5. */
  comments(comments: { id: number; author: number; body: string }[]): Answers;
  addRoute: string;
  changeRoute: string;
  archivePath: string;
  /** The open pull requests from the branch `slipway/x`, by their numbers. */
  ownPulls(pulls: { number: number; isOfFork?: boolean }[]): Answers;
  openRoute: string;
  closeRequest: { route: string; body: object };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const own = { 'GET /user': { id: 5, login: 'slipway', username: 'slipway' } };

/** https://docs.github.com/en/rest */
const github: DocumentedApi = {
  url: 'https://git.example/demo/app.git',
  pullRequest: ({ isOpen = true, from = 'repository' }) => ({
    'GET /repos/demo/app/pulls/7': {
      number: 7,
      state: isOpen ? 'open' : 'closed',
      head: { sha: commit, ref: 'feature', repo: from === 'deleted' ? null : { id: from === 'fork' ? 2 : 1 } },
      base: { ref: 'main', repo: { id: 1 } },
      user: { login: 'ada' },
    },
  }),
  members: (roles) =>
    Object.fromEntries(Object.entries(roles).map(([name, permission]) => [github.memberRoute(name), { permission }])),
  memberRoute: (name) => `GET /repos/demo/app/collaborators/${name}/permission`,
  comparison: (files, { isDiverged = false, isIncomplete = false } = {}) => ({
    'GET /repos/demo/app/compare/old...new?per_page=1': {
      status: isDiverged ? 'diverged' : 'ahead',
      files: (isIncomplete ? Array.from({ length: 300 }, (_, at) => `${at}`) : files).map((filename) => ({ filename })),
    },
  }),
  file: (path, text) => ({
    [`GET /repos/demo/app/contents/${path}?ref=abc`]: { type: 'file', encoding: 'base64', content: base64(text) },
  }),
  statusRoute: `POST /repos/demo/app/statuses/${commit}`,
  status: {
    state: 'success',
    context: 'slipway: demo',
    description: 'Released',
    target_url: 'https://slipway.example',
  },
  comments: (comments) => ({
    ...own,
    'GET /repos/demo/app/issues/7/comments?per_page=100&page=1': comments.map(({ author, ...comment }) => ({
      ...comment,
      user: { id: author, login: `user${author}` },
    })),
    'POST /repos/demo/app/issues/7/comments': {},
    'PATCH /repos/demo/app/issues/comments/11': {},
  }),
  addRoute: 'POST /repos/demo/app/issues/7/comments',
  changeRoute: 'PATCH /repos/demo/app/issues/comments/11',
  archivePath: `/repos/demo/app/tarball/${commit}`,
  // GitHub looks for the branch of the repository itself.
  ownPulls: (pulls) => ({
    'GET /repos/demo/app/pulls?head=demo:slipway/x&state=open': pulls.filter(({ isOfFork }) => !isOfFork).map(pullOf),
    'POST /repos/demo/app/pulls': pullOf({ number: 9 }),
    'PATCH /repos/demo/app/pulls/9': {},
  }),
  openRoute: 'POST /repos/demo/app/pulls',
  closeRequest: { route: 'PATCH /repos/demo/app/pulls/9', body: { state: 'closed' } },
};

function pullOf({ number, isOfFork = false }: { number: number; isOfFork?: boolean }) {
  return {
    number,
    html_url: `https://git.example/demo/app/pulls/${number}`,
    state: 'open',
    title: 'T',
    body: 'B',
    head: { ref: 'slipway/x', repo: { id: isOfFork ? 2 : 1 } },
    base: { ref: 'main', repo: { id: 1 } },
  };
}

const commitsWith = (files: string[]) => ({
  total_commits: files.length,
  commits: files.map((filename) => ({ sha: commit, files: [{ filename, status: 'modified' }] })),
});

/** https://codeberg.org/api/swagger, and as a Gitea 1.26 answered */
const forgejo: DocumentedApi = {
  ...github,
  pullRequest: (pull) => {
    const [[route, answer] = ['', {}]] = Object.entries(github.pullRequest(pull));
    const head = { label: '', ref: 'refs/pull/7/head', sha: commit, repo_id: 1, repo: { id: 1 } };
    return { [route]: pull.from === 'for' ? { ...Object(answer), head } : answer };
  },
  comparison: (files, { isDiverged = false, isIncomplete = false } = {}) => ({
    'GET /repos/demo/app/compare/old...new': {
      ...commitsWith(files),
      ...(isIncomplete ? { total_commits: 501 } : {}),
    },
    'GET /repos/demo/app/compare/new...old': commitsWith(isDiverged ? ['x'] : []),
  }),
  archivePath: `/repos/demo/app/archive/${commit}.tar.gz`,
  ownPulls: (pulls) => ({
    ...github.ownPulls([]),
    'GET /repos/demo/app/pulls?state=open&limit=50&page=1': [
      { ...pullOf({ number: 3 }), head: { ref: 'feature', repo: { id: 1 } } },
      ...pulls.map(pullOf),
    ],
  }),
};

const project = '/projects/demo/sub/app';

/** https://docs.gitlab.com/api/rest/ */
const gitlab: DocumentedApi = {
  url: 'https://git.example/demo/sub/app.git',
  pullRequest: ({ isOpen = true, from = 'repository' }) => ({
    [`GET ${project}/merge_requests/7`]: {
      id: 70,
      iid: 7,
      state: isOpen ? 'opened' : 'merged',
      sha: commit,
      target_branch: 'main',
      source_project_id: from === 'deleted' ? null : from === 'fork' ? 16 : 15,
      target_project_id: 15,
      author: { id: 2, username: 'ada' },
    },
  }),
  // The search finds parts of names.
  members: (roles) =>
    Object.fromEntries(
      ['ada', 'grace', 'ad', 'nobody'].map((searched) => [
        gitlab.memberRoute(searched),
        Object.entries(roles)
          .filter(([name]) => name.includes(searched))
          .map(([username, role]) => ({ username, state: 'active', access_level: role === 'write' ? 30 : 20 })),
      ]),
    ),
  memberRoute: (name) => `GET ${project}/members/all?query=${name}&per_page=100`,
  comparison: (files, { isDiverged = false, isIncomplete = false } = {}) => ({
    [`GET ${project}/repository/compare?from=old&to=new`]: {
      diffs: files.map((path) => ({ old_path: path, new_path: path, renamed_file: false })),
      compare_timeout: isIncomplete,
    },
    [`GET ${project}/repository/merge_base?refs[]=old&refs[]=new`]: { id: isDiverged ? 'older' : 'old' },
  }),
  file: (path, text) => ({
    [`GET ${project}/repository/files/${path}?ref=abc`]: { file_path: path, encoding: 'base64', content: base64(text) },
  }),
  statusRoute: `POST ${project}/statuses/${commit}`,
  status: { state: 'success', name: 'slipway: demo', description: 'Released', target_url: 'https://slipway.example' },
  comments: (comments) => ({
    ...own,
    [`GET ${project}/merge_requests/7/notes?sort=asc&order_by=created_at&per_page=100&page=1`]: comments.map(
      ({ author, ...comment }) => ({ ...comment, author: { id: author, username: `user${author}` }, system: false }),
    ),
    [`POST ${project}/merge_requests/7/notes`]: {},
    [`PUT ${project}/merge_requests/7/notes/11`]: {},
  }),
  addRoute: `POST ${project}/merge_requests/7/notes`,
  changeRoute: `PUT ${project}/merge_requests/7/notes/11`,
  archivePath: `${project}/repository/archive.tar.gz?sha=${commit}`,
  ownPulls: (pulls) => ({
    [`GET ${project}/merge_requests?state=opened&source_branch=slipway/x`]: pulls.map(mergeRequestOf),
    [`POST ${project}/merge_requests`]: mergeRequestOf({ number: 9 }),
    [`PUT ${project}/merge_requests/9`]: {},
  }),
  openRoute: `POST ${project}/merge_requests`,
  closeRequest: { route: `PUT ${project}/merge_requests/9`, body: { state_event: 'close' } },
};

function mergeRequestOf({ number, isOfFork = false }: { number: number; isOfFork?: boolean }) {
  return {
    iid: number,
    web_url: `https://git.example/demo/sub/app/-/merge_requests/${number}`,
    state: 'opened',
    title: 'T',
    description: 'B',
    source_project_id: isOfFork ? 16 : 15,
    target_project_id: 15,
  };
}

export const documentedApis: Record<GitHostKind, DocumentedApi> = { github, forgejo, gitlab };
