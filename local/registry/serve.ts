import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError } from '../aws/service.ts';
import { beginUpload, serveBlob, serveUpload } from './blob-routes.ts';
import { isDiskFull } from './disk-full.ts';
import { anonymousToken, callerOf, type Exchange, type RegistryContext, sendEmpty, sendJson } from './exchange.ts';
import { listReferrers, listRepositories, listTags } from './listing-routes.ts';
import { serveManifest } from './manifest-routes.ts';
import { PushRefusedError } from './push-image.ts';
import { RegistryError, type RegistryErrorCode } from './registry-error.ts';

/**
 * Answers a request below `/v2/`, as the OCI Distribution specification 1.1 says.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export async function serveRegistry(
  context: RegistryContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
  try {
    await route(context, request, response);
  } catch (error) {
    // The client has gone, or has its headers already: there is nobody to tell.
    if (response.destroyed || response.headersSent) response.destroy();
    else sendError(context, request, response, error);
  }
}

async function route(context: RegistryContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { path, query } = locationOf(request);
  const caller = callerOf(context.credentials, request.headers.authorization);
  const exchange: Exchange = { request, response, query, caller };

  if (path === '/v2/' || path === '/v2') return ping(exchange);
  if (path === '/v2/token') return sendToken(context, exchange);
  if (path === '/v2/_catalog') return listing(exchange, () => listRepositories(context, exchange));

  const match =
    /^\/v2\/(?<name>.+)\/(?:blobs\/uploads\/?(?<upload>[^/]*)|blobs\/(?<blob>[^/]+)|manifests\/(?<manifest>[^/]+)|tags\/(?<tags>list)|referrers\/(?<subject>[^/]+))$/.exec(
      path,
    );
  const { name, upload, blob, manifest, tags, subject } = match?.groups ?? {};
  if (name === undefined) throw new RegistryError('NAME_UNKNOWN', 'There is nothing at this address');
  if (upload !== undefined) {
    return upload === '' ? beginUpload(context, exchange, name) : serveUpload(context, exchange, name, upload);
  }
  if (blob !== undefined) return serveBlob(context, exchange, name, blob);
  if (manifest !== undefined) return serveManifest(context, exchange, name, manifest);
  if (tags !== undefined) return listing(exchange, () => listTags(context, exchange, name));
  if (subject !== undefined) return listing(exchange, () => listReferrers(context, exchange, name, subject));
}

function locationOf(request: IncomingMessage): { path: string; query: URLSearchParams } {
  const url = request.url ?? '';
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  try {
    return { path: decodeURIComponent(path), query: new URLSearchParams(mark === -1 ? '' : url.slice(mark)) };
  } catch (cause) {
    throw new RegistryError('NAME_INVALID', 'The address is not encoded as an address must be', { cause });
  }
}

/** Clients learn here how to log in, so this address alone requires a login from everybody. */
function ping({ caller, request, response }: Exchange): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') throw notAllowed(request);
  const isLoggedIn = caller.kind !== 'anonymous' || request.headers.authorization?.startsWith('Bearer ');
  if (!isLoggedIn) throw new RegistryError('UNAUTHORIZED', 'Not Authorized');
  sendJson(response, 200, {});
}

function listing({ request }: Exchange, list: () => void): void {
  if (request.method !== 'GET') throw notAllowed(request);
  list();
}

function notAllowed(request: IncomingMessage): RegistryError {
  return new RegistryError('UNSUPPORTED', `${request.method} is not possible here`, { headers: { Allow: 'GET' } });
}

/**
 * The token service of the registry. With Basic alone, as ECR has it, a Docker client cannot both pull without a password and push with one.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
function sendToken({ credentials }: RegistryContext, { caller, request, response }: Exchange): void {
  if (request.method !== 'GET') throw notAllowed(request);
  const token = caller.kind === 'anonymous' ? anonymousToken : credentials.issue(caller).token;
  sendJson(response, 200, {
    token,
    access_token: token,
    expires_in: 12 * 60 * 60,
    issued_at: new Date().toISOString(),
  });
}

function sendError(context: RegistryContext, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const answer = toRegistryError(error);
  if (answer.code === 'UNKNOWN') context.account.log('registry', `${request.method} ${request.url}: ${error}`);
  const headers = { ...answer.headers, ...(answer.status === 401 ? challenge(context, request) : {}) };
  // The rest of the body is read and dropped: to close instead could take the answer from a client that is still sending.
  if (!request.complete) request.resume();
  if (request.method === 'HEAD') sendEmpty(response, answer.status, headers);
  else sendJson(response, answer.status, { errors: [{ code: answer.code, message: answer.message }] }, headers);
}

function challenge({ account }: RegistryContext, request: IncomingMessage): Record<string, string> {
  const host = request.headers.host ?? '';
  const base = /^[a-zA-Z0-9.[\]:-]+$/.test(host) ? `http://${host}` : account.url;
  const path = request.url?.split('?')[0] ?? '';
  const name = /^\/v2\/([a-z0-9._/-]+)\/(?:blobs|manifests|tags|referrers)\//.exec(path)?.[1];
  const scope = name === undefined ? '' : `,scope="repository:${name}:pull,push"`;
  return { 'WWW-Authenticate': `Bearer realm="${base}/v2/token",service="ecr.amazonaws.com"${scope}` };
}

const codeOfRefusal = {
  'digest-does-not-match': 'DIGEST_INVALID',
  'layers-not-found': 'MANIFEST_BLOB_UNKNOWN',
  'images-not-found': 'MANIFEST_BLOB_UNKNOWN',
  'tag-is-immutable': 'TAG_INVALID',
} as const satisfies Record<PushRefusedError['reason'], RegistryErrorCode>;

function toRegistryError(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  if (error instanceof PushRefusedError) {
    // 404 would say that the repository is not there.
    return new RegistryError(codeOfRefusal[error.reason], error.message, { status: 400 });
  }
  if (error instanceof AwsError && error.code === 'AccessDeniedException')
    return new RegistryError('DENIED', error.message);
  if (isDiskFull(error)) {
    return new RegistryError('UNKNOWN', 'There is no space left on the disk of the registry', {
      status: 507,
      cause: error,
    });
  }
  return new RegistryError('UNKNOWN', 'The registry failed', { cause: error });
}
