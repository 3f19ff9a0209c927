import { pipeline } from 'node:stream/promises';
import { AwsError } from '../aws/service.ts';
import { isAlgorithm, isDigest } from './digest.ts';
import { arnOf, authorize, type Exchange, type RegistryContext, repositoryFor, sendEmpty } from './exchange.ts';
import type { Blob } from './layers.ts';
import { RegistryError } from './registry-error.ts';

/** `/v2/<name>/blobs/<digest>` */
export async function serveBlob(context: RegistryContext, exchange: Exchange, name: string, digest: string) {
  const { request, response } = exchange;
  switch (request.method) {
    case 'HEAD':
    case 'GET':
      return sendBlob(context, exchange, name, digest);
    case 'DELETE':
      return deleteBlob(context, exchange, name, digest);
    default:
      throw notAllowed(response, 'GET, HEAD, DELETE');
  }
}

async function sendBlob(context: RegistryContext, exchange: Exchange, name: string, digest: string) {
  const { request, response } = exchange;
  const { layers, files } = context.registry;
  const isHead = request.method === 'HEAD';
  const action = isHead ? 'ecr:BatchCheckLayerAvailability' : 'ecr:GetDownloadUrlForLayer';
  const repository = repositoryFor(context, exchange, action, name);
  const blob = findBlob(context, repository.name, digest);
  if (exchange.caller.kind !== 'anonymous') layers.touch(repository.name, digest);
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
    ETag: `"${digest}"`,
    // What a digest names never changes.
    'Cache-Control': 'private, max-age=31536000, immutable',
  };
  const range = isHead ? undefined : rangeOf(request.headers.range, blob.size);
  if (range === 'unsatisfiable') {
    throw new RegistryError('SIZE_INVALID', `The blob has ${blob.size} bytes`, {
      status: 416,
      headers: { 'Content-Range': `bytes */${blob.size}` },
    });
  }
  if (range === undefined) response.writeHead(200, { ...headers, 'Content-Length': blob.size });
  else {
    const { start, end } = range;
    const contentRange = `bytes ${start}-${end}/${blob.size}`;
    response.writeHead(206, { ...headers, 'Content-Length': end - start + 1, 'Content-Range': contentRange });
  }
  if (isHead || blob.size === 0) response.end();
  else await pipeline(files.read(digest, range), response);
}

/** One range of bytes as RFC 9110 writes it; anything else is, as the RFC allows, no range at all. */
function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  if (first === '')
    return Number(last) === 0 || size === 0
      ? 'unsatisfiable'
      : { start: Math.max(0, size - Number(last)), end: size - 1 };
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}

/** ECR knows no deletion of single layers; a caller who may delete images may do it here. */
function deleteBlob(context: RegistryContext, exchange: Exchange, name: string, digest: string) {
  const repository = repositoryFor(context, exchange, 'ecr:BatchDeleteImage', name);
  const { layers } = context.registry;
  findBlob(context, repository.name, digest);
  if (layers.isUsed(repository.name, digest)) {
    throw new RegistryError('UNSUPPORTED', `An image of the repository '${name}' uses the blob '${digest}'`);
  }
  layers.unlink(repository.name, digest);
  sendEmpty(exchange.response, 202);
}

/** `/v2/<name>/blobs/uploads/` */
export async function beginUpload(context: RegistryContext, exchange: Exchange, name: string) {
  const { request, response, query } = exchange;
  if (request.method !== 'POST') throw notAllowed(response, 'POST');
  const repository = repositoryFor(context, exchange, 'ecr:InitiateLayerUpload', name);
  const { uploads } = context.registry;

  const mount = query.get('mount');
  if (mount !== null) {
    const mounted = mountBlob(context, exchange, repository.name, mount, query.get('from'));
    if (mounted !== undefined) return sendCreated(exchange, repository.name, mounted);
  }

  const algorithm = query.get('digest-algorithm') ?? query.get('digest')?.split(':')[0] ?? 'sha256';
  if (!isAlgorithm(algorithm))
    throw new RegistryError('DIGEST_INVALID', `The algorithm '${algorithm}' is not supported`);
  const digest = query.get('digest');
  if (digest !== null) checkDigest(digest);
  const id = await uploads.begin(repository.name);
  if (digest !== null) {
    await write(context, exchange, repository.name, id);
    return complete(context, exchange, repository.name, id, digest);
  }
  sendEmpty(response, 202, { ...progressHeaders(repository.name, id, 0), 'OCI-Chunk-Min-Length': '1' });
}

/**
 * A blob that the caller could pull from the other repository becomes one of this repository too. Undefined: it must be uploaded,
 * as also when the client does not say where the blob is. https://docs.aws.amazon.com/AmazonECR/latest/userguide/blob-mounting.html
 */
function mountBlob(
  context: RegistryContext,
  exchange: Exchange,
  repository: string,
  digest: string,
  from: string | null,
): Blob | undefined {
  const { layers } = context.registry;
  if (from === null || !context.mayMount()) return undefined;
  const blob = layers.find(from, digest);
  if (blob === undefined || !mayPull(context, exchange, from)) return undefined;
  layers.add(repository, blob);
  return blob;
}

function mayPull(context: RegistryContext, exchange: Exchange, repository: string): boolean {
  try {
    authorize(context, exchange, 'ecr:GetDownloadUrlForLayer', arnOf(context.account, repository));
    return true;
  } catch (error) {
    if (error instanceof AwsError) return false;
    throw error;
  }
}

/** `/v2/<name>/blobs/uploads/<id>` */
export async function serveUpload(context: RegistryContext, exchange: Exchange, name: string, id: string) {
  const { request, response, query } = exchange;
  const { uploads } = context.registry;
  switch (request.method) {
    case 'GET': {
      const repository = repositoryFor(context, exchange, 'ecr:UploadLayerPart', name);
      const size = await uploads.size(repository.name, id);
      return sendEmpty(response, 204, progressHeaders(repository.name, id, size));
    }
    case 'PATCH': {
      const repository = repositoryFor(context, exchange, 'ecr:UploadLayerPart', name);
      const size = await write(context, exchange, repository.name, id);
      return sendEmpty(response, 202, progressHeaders(repository.name, id, size));
    }
    case 'PUT': {
      const repository = repositoryFor(context, exchange, 'ecr:CompleteLayerUpload', name);
      const digest = query.get('digest');
      if (digest === null) throw new RegistryError('DIGEST_INVALID', 'The digest is missing');
      checkDigest(digest);
      if (hasContent(exchange)) {
        repositoryFor(context, exchange, 'ecr:UploadLayerPart', name);
        await write(context, exchange, repository.name, id);
      }
      return complete(context, exchange, repository.name, id, digest);
    }
    case 'DELETE': {
      const repository = repositoryFor(context, exchange, 'ecr:UploadLayerPart', name);
      await uploads.cancel(repository.name, id);
      return sendEmpty(response, 204);
    }
    default:
      throw notAllowed(response, 'GET, PATCH, PUT, DELETE');
  }
}

function hasContent({ request }: Exchange): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

async function write(
  { registry }: RegistryContext,
  { request }: Exchange,
  repository: string,
  id: string,
): Promise<number> {
  // A write that fails must leave the connection open for the answer.
  const content = request.iterator({ destroyOnReturn: false });
  return registry.uploads.append(repository, id, content, (size) => checkRange(request.headers, repository, id, size));
}

function checkRange(headers: Exchange['request']['headers'], repository: string, id: string, size: number): void {
  const text = headers['content-range'];
  if (text === undefined) return;
  const match = /^(?:bytes )?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/.exec(text);
  if (match === null) throw new RegistryError('BLOB_UPLOAD_INVALID', `'${text}' is not a range`);
  const [start, end] = [Number(match[1]), Number(match[2])];
  const length = headers['content-length'];
  if (length !== undefined && Number(length) !== end - start + 1) {
    throw new RegistryError('SIZE_INVALID', `The range ${text} and the length ${length} do not fit`);
  }
  if (start !== size) {
    throw new RegistryError('BLOB_UPLOAD_INVALID', `The upload goes on at byte ${size}, not ${start}`, {
      status: 416,
      headers: progressHeaders(repository, id, size),
    });
  }
}

async function complete(context: RegistryContext, exchange: Exchange, repository: string, id: string, digest: string) {
  sendCreated(exchange, repository, await context.registry.uploads.complete(repository, id, digest));
}

function sendCreated({ response }: Exchange, repository: string, blob: Blob): void {
  sendEmpty(response, 201, {
    Location: `/v2/${repository}/blobs/${blob.digest}`,
    'Docker-Content-Digest': blob.digest,
  });
}

function progressHeaders(repository: string, id: string, size: number): Record<string, string> {
  return {
    Location: `/v2/${repository}/blobs/uploads/${id}`,
    Range: `0-${Math.max(0, size - 1)}`,
    'Docker-Upload-UUID': id,
  };
}

function findBlob({ account, registry }: RegistryContext, repository: string, digest: string): Blob {
  checkDigest(digest);
  const blob = registry.layers.find(repository, digest);
  if (blob !== undefined) return blob;
  throw new RegistryError(
    'BLOB_UNKNOWN',
    `The layer with digest '${digest}' does not exist within the repository with name '${repository}' in the registry with id '${account.id}'`,
  );
}

function checkDigest(digest: string): void {
  if (!isDigest(digest))
    throw new RegistryError('DIGEST_INVALID', `'${digest}' is not a digest that the registry supports`);
}

function notAllowed({ req }: Exchange['response'], allow: string): RegistryError {
  return new RegistryError('UNSUPPORTED', `${req.method} is not possible here`, { headers: { Allow: allow } });
}
