import * as z from 'zod';

/** What a GitHub App is asked for. */
export type AppAccess = 'source' | 'reports';

/**
 * The permissions of each use; GitHub adds the reading of metadata to all. Comments at pull requests belong to `pull_requests`.
 * https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
 */
export const permissionsFor: Record<AppAccess, Readonly<Record<string, 'read' | 'write'>>> = {
  /** Fetching, and nothing else. */
  source: { contents: 'read' },
  /** Reading the index and what pull requests change, check runs, comments, and the pull requests that Slipway makes. */
  reports: { checks: 'write', contents: 'read', pull_requests: 'write' },
};

/**
 * The events that an app has to subscribe to. Events of the buttons of check runs come without a subscription, to every app that may write
 * check runs.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run
 */
export const appEvents: readonly string[] = ['push', 'pull_request', 'issue_comment'];

/** https://docs.github.com/en/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app */
export const installationSchema = z.object({
  id: z.int(),
  account: z.object({ login: z.string() }).nullish(),
  permissions: z.record(z.string(), z.string()).default({}),
  suspended_at: z.string().nullish(),
  updated_at: z.string().optional(),
  /** Where its owner changes it. */
  html_url: z.string().optional(),
});

export type Installation = z.infer<typeof installationSchema>;

/** The permissions of `wanted` that an app or an installation does not have. */
export function missingPermissions(
  granted: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): string[] {
  const levels = ['read', 'write', 'admin'];
  return Object.entries(wanted)
    .filter(([name, level]) => levels.indexOf(granted[name] ?? '') < levels.indexOf(level))
    .map(([name, level]) => `${name}: ${level}`);
}

/** Why an installation gives no token for a repository, and what to do; undefined if it does. */
export function installationRefusal(
  installation: Installation | undefined,
  path: string,
  access: AppAccess,
): string | undefined {
  if (!installation)
    return `The GitHub App is not installed on ${path}. Have its owner install it there, or add the repository to the installation.`;
  const owner = installation.account?.login ?? path.split('/')[0];
  const place = installation.html_url ?? `the settings of ${owner}, "Installed GitHub Apps"`;
  if (installation.suspended_at)
    return `The GitHub App is suspended for ${owner}. Have an owner of it unsuspend the app: ${place}.`;
  const missing = missingPermissions(installation.permissions, permissionsFor[access]);
  if (missing.length === 0) return undefined;
  return `The installation of the GitHub App for ${owner} lacks ${missing.join(', ')}. Have an owner of it accept the app's permissions: ${place}.`;
}

const renew =
  'make a new private key in the settings of the app at GitHub, and store it as docs/github-app.md says ("A new key")';

/** What is wrong with what an app signs with. */
export const keyRefusals = {
  unreadable: (id: string) =>
    `The private key of the GitHub App ${id} in the secret with the tokens of the git hosts is not an RSA key: ${renew}.`,
  /** @param ahead by how many milliseconds the clock here is ahead of GitHub's */
  untimely: (id: string, ahead: number) =>
    `GitHub does not accept what the GitHub App ${id} signs: the clock here is ${Math.round(Math.abs(ahead) / 1000)} seconds ${ahead > 0 ? 'ahead' : 'behind'}. Have it set by a time server.`,
  unaccepted: (id: string) =>
    `GitHub does not accept the key of the GitHub App ${id}: it was deleted, or the id is another app's. Correct the id, or ${renew}.`,
} as const;
