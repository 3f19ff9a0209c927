/** The programs that git hosts run: github.com and GitHub Enterprise Server, gitlab.com and GitLab, Codeberg, Forgejo and Gitea. */
export const gitHostKinds = ['github', 'gitlab', 'forgejo'] as const;
export type GitHostKind = (typeof gitHostKinds)[number];

/** A git host whose API Slipway calls. From every other host it only fetches, by git itself. */
export interface GitHost {
  kind: GitHostKind;
  /** Where repositories are cloned from, without a slash at the end: `https://codeberg.org`, `https://example.org/gitlab`. */
  url: string;
  apiUrl: string;
}

/** A repository on a git host. */
export interface HostedRepository {
  host: GitHost;
  /** `owner/name`; on GitLab groups may contain groups: `group/subgroup/name`. */
  path: string;
}
