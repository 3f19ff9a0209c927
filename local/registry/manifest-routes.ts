import type { IncomingMessage } from 'node:http';
import { isDigest } from './digest.ts';
import { type Exchange, type RegistryContext, repositoryFor, sendEmpty } from './exchange.ts';
import type { StoredImage } from './images.ts';
import { maximumManifestSize } from './manifest.ts';
import { isTag } from './names.ts';
import { pushImage } from './push-image.ts';
import { RegistryError } from './registry-error.ts';

/** `/v2/<name>/manifests/<tag or digest>` */
export async function serveManifest(context: RegistryContext, exchange: Exchange, name: string, reference: string) {
  switch (exchange.request.method) {
    case 'HEAD':
    case 'GET':
      return sendManifest(context, exchange, name, reference);
    case 'PUT':
      return putManifest(context, exchange, name, reference);
    case 'DELETE':
      return deleteManifest(context, exchange, name, reference);
    default:
      throw new RegistryError('UNSUPPORTED', `${exchange.request.method} is not possible here`, {
        headers: { Allow: 'GET, HEAD, PUT, DELETE' },
      });
  }
}

function sendManifest(context: RegistryContext, exchange: Exchange, name: string, reference: string) {
  const repository = repositoryFor(context, exchange, 'ecr:BatchGetImage', name);
  const image = findImage(context, repository.name, reference);
  const isHead = exchange.request.method === 'HEAD';
  if (!isHead) context.registry.images.recordPull(repository.name, image.digest);
  exchange.response.writeHead(200, {
    'Content-Type': image.mediaType,
    'Content-Length': image.manifest.length,
    'Docker-Content-Digest': image.digest,
    ETag: `"${image.digest}"`,
  });
  exchange.response.end(isHead ? undefined : image.manifest);
}

async function putManifest(context: RegistryContext, exchange: Exchange, name: string, reference: string) {
  const { request, response, query } = exchange;
  const repository = repositoryFor(context, exchange, 'ecr:PutImage', name);
  const byDigest = reference.includes(':');
  if (byDigest && !isDigest(reference)) throw new RegistryError('DIGEST_INVALID', `'${reference}' is not a digest`);
  const tags = byDigest ? query.getAll('tag') : [reference];
  for (const tag of tags) if (!isTag(tag)) throw new RegistryError('TAG_INVALID', `'${tag}' is not a tag`);
  const content = await readManifest(request);
  const pushed = pushImage(context.registry, context.account.id, repository, {
    manifest: content,
    mediaType: request.headers['content-type'],
    digest: byDigest ? reference : undefined,
    tags,
  });
  context.pushed(repository.name, pushed, tags);
  const { subject } = pushed.manifest;
  sendEmpty(response, 201, {
    Location: `/v2/${repository.name}/manifests/${pushed.digest}`,
    'Docker-Content-Digest': pushed.digest,
    ...(subject === undefined ? {} : { 'OCI-Subject': subject }),
    ...(byDigest && tags.length > 0 ? { 'OCI-Tag': tags.join(', ') } : {}),
  });
}

async function readManifest(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = new RegistryError('MANIFEST_INVALID', `The manifest is larger than ${maximumManifestSize} bytes`, {
    status: 413,
  });
  if (Number(request.headers['content-length'] ?? 0) > maximumManifestSize) throw tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > maximumManifestSize) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function deleteManifest(context: RegistryContext, exchange: Exchange, name: string, reference: string) {
  const repository = repositoryFor(context, exchange, 'ecr:BatchDeleteImage', name);
  const { images } = context.registry;
  const image = findImage(context, repository.name, reference);
  if (isDigest(reference)) {
    const [parent] = images.parents(repository.name, image.digest);
    if (parent !== undefined) {
      throw new RegistryError('DENIED', `Requested image referenced by manifest list: [${parent}]`);
    }
    const tags = images.tagsOf(repository.name, image.digest);
    images.remove(repository.name, image.digest);
    context.deleted(repository.name, image.digest, tags);
  } else {
    images.removeTag(repository.name, reference);
    context.deleted(repository.name, image.digest, [reference]);
  }
  sendEmpty(exchange.response, 202);
}

function findImage({ registry }: RegistryContext, repository: string, reference: string): StoredImage {
  const isValid = isDigest(reference) || isTag(reference);
  if (!isValid && reference.includes(':')) throw new RegistryError('DIGEST_INVALID', `'${reference}' is not a digest`);
  const image = isDigest(reference)
    ? registry.images.byDigest(repository, reference)
    : registry.images.byTag(repository, reference);
  // https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html
  if (image === undefined || registry.images.isArchived(repository, image.digest))
    throw new RegistryError('MANIFEST_UNKNOWN', 'Requested image not found');
  return image;
}
