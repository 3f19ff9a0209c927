import { isDigest } from './digest.ts';
import { arnOf, authorize, type Exchange, type RegistryContext, repositoryFor, sendJson } from './exchange.ts';
import type { StoredImage } from './images.ts';
import { isRepositoryName } from './names.ts';
import { RegistryError } from './registry-error.ts';

const pageSize = 1000;
const referrersPageSize = 250;

/** `/v2/<name>/tags/list` */
export function listTags(context: RegistryContext, exchange: Exchange, name: string): void {
  const repository = repositoryFor(context, exchange, 'ecr:ListImages', name);
  const page = pageOf(exchange, (last, limit) => context.registry.images.tags(repository.name, last, limit));
  sendJson(exchange.response, 200, { name, tags: page.items }, linkTo(`/v2/${name}/tags/list`, page));
}

/** `/v2/_catalog` */
export function listRepositories(context: RegistryContext, exchange: Exchange): void {
  authorize(context, exchange, 'ecr:DescribeRepositories', arnOf(context.account, '*'));
  const { repositories } = context.registry;
  const page = pageOf(exchange, (last, limit) => repositories.page(last, limit).map((repository) => repository.name));
  sendJson(exchange.response, 200, { repositories: page.items }, linkTo('/v2/_catalog', page));
}

interface Page {
  items: string[];
  limit: number;
  hasMore: boolean;
}

function pageOf({ query }: Exchange, select: (last: string, limit: number) => string[]): Page {
  const text = query.get('n') ?? String(pageSize);
  if (!/^\d{1,9}$/.test(text)) {
    throw new RegistryError('UNSUPPORTED', `'${text}' is not a number of results`, { status: 400 });
  }
  const limit = Math.min(Number(text), pageSize);
  const items = select(query.get('last') ?? '', limit + 1);
  return { items: items.slice(0, limit), limit, hasMore: limit > 0 && items.length > limit };
}

function linkTo(path: string, { items, limit, hasMore }: Page): Record<string, string> {
  const last = items.at(-1);
  if (!hasMore || last === undefined) return {};
  return { Link: `<${path}?n=${limit}&last=${encodeURIComponent(last)}>; rel="next"` };
}

/** `/v2/<name>/referrers/<digest>` */
export function listReferrers(context: RegistryContext, exchange: Exchange, name: string, subject: string): void {
  if (!isDigest(subject)) throw new RegistryError('DIGEST_INVALID', `'${subject}' is not a digest`);
  if (!isRepositoryName(name)) throw new RegistryError('NAME_INVALID', `'${name}' is not a name of a repository`);
  // A 404 would say that the registry has no referrers at all, so a repository that is not there has none.
  authorize(context, exchange, 'ecr:BatchGetImage', arnOf(context.account, name));
  const wanted = exchange.query.get('artifactType');
  const last = exchange.query.get('last') ?? '';
  const found = context.registry.images.referrers(name, subject, wanted ?? undefined, last, referrersPageSize + 1);
  const page = found.slice(0, referrersPageSize);
  const next = new URLSearchParams({ last: page.at(-1)?.digest ?? '', ...(wanted ? { artifactType: wanted } : {}) });
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: page.map(descriptorOf),
  };
  sendJson(exchange.response, 200, index, {
    'Content-Type': index.mediaType,
    ...(wanted ? { 'OCI-Filters-Applied': 'artifactType' } : {}),
    ...(found.length > page.length ? { Link: `</v2/${name}/referrers/${subject}?${next}>; rel="next"` } : {}),
  });
}

function descriptorOf({ mediaType, digest, manifest, artifactType, annotations }: StoredImage) {
  return {
    mediaType,
    digest,
    size: manifest.length,
    artifactType,
    annotations,
  };
}
