import type { BuildRequest } from '../core/model/builder-contract.ts';
import type { ResolvedBase } from './bases.ts';

/** Labels and annotations alike: https://github.com/opencontainers/image-spec/blob/main/annotations.md */
export function imageLabels(
  request: BuildRequest,
  committedAt: Date,
  base: ResolvedBase | undefined,
): Record<string, string> {
  const { url, commit, ref } = request.source;
  const requested = {
    source: withoutCredentials(url),
    revision: commit,
    version: request.project.slice(request.project.lastIndexOf(':') + 1),
    'ref.name': ref.replace(/^refs\/(?:heads|tags)\//, ''),
  };
  const found = {
    created: committedAt.toISOString().replace('.000Z', 'Z'),
    ...(base && { 'base.name': base.image, 'base.digest': base.digest }),
  };
  // What the builder alone knows, no request says otherwise.
  return { ...annotations(requested), ...request.labels, ...annotations(found) };
}

function annotations(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`org.opencontainers.image.${key}`, value] as const),
  );
}

function withoutCredentials(address: string): string {
  const url = new URL(address);
  if (url.username === '' && url.password === '') return address;
  url.username = '';
  url.password = '';
  return url.href;
}
