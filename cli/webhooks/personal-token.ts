import type { GitHost, GitHostKind } from '../../core/model/git-host.ts';

/** The environment variables that may have the token of a person, in the order in which they count. */
export const tokenVariables: Record<GitHostKind, readonly string[]> = {
  github: ['GITHUB_TOKEN', 'GH_TOKEN'],
  gitlab: ['GITLAB_TOKEN'],
  forgejo: ['FORGEJO_TOKEN', 'GITEA_TOKEN'],
};

export function personalToken({ kind }: GitHost): string | undefined {
  return tokenVariables[kind].map((name) => process.env[name]).find((value) => value);
}
