import { type InstallationGrant, includes, type Permissions } from './apps.ts';
import { forbidden } from './github-http.ts';
import type { Repository } from './repositories.ts';

/**
 * The permission of each call about a repository, by the path below it; the first that fits counts. Comments at pull requests need that of
 * pull requests or of issues. https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
 */
const needed: readonly [path: RegExp, permissions: readonly string[]][] = [
  [/^\/commits\/[^/]+\/status$|^\/statuses\//, ['statuses']],
  [/^\/check-runs(?:\/|$)|\/check-runs$/, ['checks']],
  [/^\/pulls(?:\/|$)/, ['pull_requests']],
  [/^\/issues(?:\/|$)/, ['pull_requests', 'issues']],
  [/^\/(?:contents|compare|commits|branches|tarball)(?:\/|$)/, ['contents']],
  [/^\/hooks(?:\/|$)/, ['repository_hooks']],
  [/^(?:$|\/collaborators(?:\/|$))/, ['metadata']],
];

/** @throws GitHubError 403 for a call that a token of an installation is not for */
export function assertGranted(
  { repositoryIds, permissions }: InstallationGrant,
  repository: Repository,
  { method, path }: { method: string | undefined; path: string },
): void {
  const isReading = method === 'GET';
  const isGiven = repositoryIds.includes(repository.id);
  // What is public can be read by everybody.
  if (isReading && !isGiven && !repository.isPrivate) return;
  const names = needed.find(([pattern]) => pattern.test(path))?.[1] ?? ['administration'];
  const granted: Permissions = { metadata: 'read', ...permissions };
  if (isGiven && names.some((name) => includes(granted, name, isReading ? 'read' : 'write'))) return;
  throw forbidden('Resource not accessible by integration');
}
