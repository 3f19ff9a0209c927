import type { BuildRequest } from '../core/model/builder-contract.ts';
import type { ResolvedBase } from './bases.ts';

/** Labels and annotations alike: https://github.com/opencontainers/image-spec/blob/main/annotations.md */
export function imageLabels(
  request: BuildRequest,
  committedAt: Date,
  base: ResolvedBase | undefined,
): Record<string, string> {
  const { url, commit, ref } = request.source;
  const labels = {
    source: withoutCredentials(url),
    revision: commit,
    version: request.project.slice(request.project.lastIndexOf(':') + 1),
    created: committedAt.toISOString().replace('.000Z', 'Z'),
    'ref.name': ref.replace(/^refs\/(?:heads|tags)\//, ''),
    ...(base && { 'base.name': base.image, 'base.digest': base.digest }),
  };
  const named = Object.entries(labels).map(([key, value]): [string, string] => [
    `org.opencontainers.image.${key}`,
    value,
  ]);
  return { ...Object.fromEntries(named), ...request.labels };
}

function withoutCredentials(address: string): string {
  const url = new URL(address);
  if (url.username === '' && url.password === '') return address;
  url.username = '';
  url.password = '';
  return url.href;
}
