import type { Repository } from './repositories.ts';

/** GitHub's form of a user. The host keeps no accounts: an owner is who a repository's address names. */
export function userJson(url: string, login: string) {
  const api = `${url}/github/users/${login}`;
  return {
    login,
    id: idOf(login),
    node_id: nodeId('User', idOf(login)),
    avatar_url: `${url}/git/${login}.png`,
    gravatar_id: '',
    url: api,
    html_url: `${url}/git/${login}`,
    followers_url: `${api}/followers`,
    following_url: `${api}/following{/other_user}`,
    gists_url: `${api}/gists{/gist_id}`,
    starred_url: `${api}/starred{/owner}{/repo}`,
    subscriptions_url: `${api}/subscriptions`,
    organizations_url: `${api}/orgs`,
    repos_url: `${api}/repos`,
    events_url: `${api}/events{/privacy}`,
    received_events_url: `${api}/received_events`,
    type: login.endsWith('[bot]') ? ('Bot' as const) : ('User' as const),
    user_view_type: 'public',
    site_admin: false,
  };
}

/** GitHub's form of a repository, as the REST API gives it. */
export function repositoryJson(url: string, repository: Repository, defaultBranch: string) {
  const { owner, name, id } = repository;
  const page = `${url}/git/${owner}/${name}`;
  const api = `${url}/github/repos/${owner}/${name}`;
  return {
    id,
    node_id: nodeId('Repository', id),
    name,
    full_name: `${owner}/${name}`,
    private: repository.isPrivate,
    owner: userJson(url, owner),
    html_url: page,
    description: null,
    fork: repository.forkOf !== undefined,
    url: api,
    forks_url: `${api}/forks`,
    keys_url: `${api}/keys{/key_id}`,
    collaborators_url: `${api}/collaborators{/collaborator}`,
    teams_url: `${api}/teams`,
    hooks_url: `${api}/hooks`,
    issue_events_url: `${api}/issues/events{/number}`,
    events_url: `${api}/events`,
    assignees_url: `${api}/assignees{/user}`,
    branches_url: `${api}/branches{/branch}`,
    tags_url: `${api}/tags`,
    blobs_url: `${api}/git/blobs{/sha}`,
    git_tags_url: `${api}/git/tags{/sha}`,
    git_refs_url: `${api}/git/refs{/sha}`,
    trees_url: `${api}/git/trees{/sha}`,
    statuses_url: `${api}/statuses/{sha}`,
    languages_url: `${api}/languages`,
    stargazers_url: `${api}/stargazers`,
    contributors_url: `${api}/contributors`,
    subscribers_url: `${api}/subscribers`,
    subscription_url: `${api}/subscription`,
    commits_url: `${api}/commits{/sha}`,
    git_commits_url: `${api}/git/commits{/sha}`,
    comments_url: `${api}/comments{/number}`,
    issue_comment_url: `${api}/issues/comments{/number}`,
    contents_url: `${api}/contents/{+path}`,
    compare_url: `${api}/compare/{base}...{head}`,
    merges_url: `${api}/merges`,
    archive_url: `${api}/{archive_format}{/ref}`,
    downloads_url: `${api}/downloads`,
    issues_url: `${api}/issues{/number}`,
    pulls_url: `${api}/pulls{/number}`,
    milestones_url: `${api}/milestones{/number}`,
    notifications_url: `${api}/notifications{?since,all,participating}`,
    labels_url: `${api}/labels{/name}`,
    releases_url: `${api}/releases{/id}`,
    deployments_url: `${api}/deployments`,
    created_at: isoSeconds(repository.createdAt),
    updated_at: isoSeconds(repository.pushedAt),
    pushed_at: isoSeconds(repository.pushedAt),
    git_url: `${page.replace(/^https?:/, 'git:')}.git`,
    ssh_url: `${page.replace(/^https?:\/\//, 'ssh://git@')}.git`,
    clone_url: `${page}.git`,
    svn_url: page,
    homepage: null,
    size: 0,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: false,
    has_projects: false,
    has_downloads: true,
    has_wiki: false,
    has_pages: false,
    has_discussions: false,
    forks_count: 0,
    mirror_url: null,
    archived: false,
    disabled: false,
    open_issues_count: 0,
    license: null,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: 'public' as const,
    custom_properties: {},
    forks: 0,
    open_issues: 0,
    watchers: 0,
    default_branch: defaultBranch,
    allow_squash_merge: true,
    allow_merge_commit: true,
    allow_rebase_merge: false,
    delete_branch_on_merge: false,
  };
}

/** The form that a push event carries: other than elsewhere the times are numbers and `url` is the page. */
export function pushedRepositoryJson(url: string, repository: Repository, defaultBranch: string) {
  const rest = repositoryJson(url, repository, defaultBranch);
  return {
    ...rest,
    owner: { name: repository.owner, email: `${repository.owner}@users.noreply.localhost`, ...rest.owner },
    url: rest.html_url,
    created_at: Math.floor(repository.createdAt / 1000),
    pushed_at: Math.floor(repository.pushedAt / 1000),
    stargazers: 0,
    master_branch: defaultBranch,
  };
}

export function isoSeconds(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

export function nodeId(kind: string, id: number): string {
  return Buffer.from(`0${String(kind.length)}:${kind}${id}`).toString('base64');
}

/** The same number for the same name, as an account has one (FNV-1a). */
function idOf(login: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(login.toLowerCase())) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
