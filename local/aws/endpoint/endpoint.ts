import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Account, AwsError, type Call, type Caller, type RestCall, type Service } from '../service.ts';
import { protocolBy, protocolOf, unknownServiceProtocol } from './choose-protocol.ts';
import { parseInput } from './input.ts';
import type { Answer, Protocol } from './protocol.ts';
import {
  type Credential,
  payloadHashOf,
  readCredential,
  SignatureError,
  sessionToken,
  verifySignature,
} from './signature.ts';

/** Above the largest body that a service of ours takes: a raw mail of 10 MB in Base64, form-encoded. */
const bodyLimit = 16 * 1024 * 1024;

interface Served {
  service: Service;
  protocol: Protocol;
}

/**
 * Answers everything below `/aws`: finds the service and the caller by the request's signature, checks it, reads the call, asks IAM,
 * lets the service handle it, and answers as that service does.
 */
export function createAwsEndpoint(account: Account, services: readonly Service[]): RequestListener {
  const served = new Map<string, Served>();
  for (const service of services) {
    if (service.signingName !== undefined) served.set(service.signingName, { service, protocol: protocolOf(service) });
  }

  return (request, response) => {
    const requestId = randomUUID();
    respond(request, response, requestId).catch((error: unknown) => {
      account.log(
        'aws',
        `${request.method} ${request.url?.split('?')[0]}: ${error instanceof Error ? error.stack : String(error)}`,
      );
      if (response.headersSent) response.destroy();
      else write(response, protocolBy(request.headers).failure(internalFailure(), requestId));
    });
  };

  async function respond(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    let protocol = protocolBy(request.headers);
    try {
      const credential = readCredential(signed(request));
      protocol = served.get(credential.service)?.protocol ?? unknownServiceProtocol(request.headers);
      const service = serviceOf(credential);
      const caller = account.iam.callerOf(credential.accessKeyId);
      const secret = account.iam.secretOf(credential.accessKeyId);
      const token = account.iam.sessionTokenOf(credential.accessKeyId);
      if (!caller || secret === undefined || token !== sessionToken(signed(request))) {
        throw protocol.signatureError('unknown-key', 'The security token included in the request is invalid.');
      }
      if (!account.iam.isCurrent(caller)) {
        throw protocol.signatureError('expired-token', 'The security token included in the request is expired');
      }
      if (service.protocol === undefined) {
        verifySignature(signed(request), credential, secret, announcedHash(request, credential));
        await service.serve?.(request, response, caller);
        return;
      }
      const body = await readBody(request);
      if (body === undefined) return;
      verifySignature(signed(request), credential, secret, payloadHashOf(body));
      if (service.rest) {
        const answer = await service.rest(restCallOf(request, body), caller);
        write(response, { ...answer, headers: { ...answer.headers, 'x-amzn-requestid': requestId } });
        return;
      }
      const { action, input } = protocol.readCall(request.headers, body);
      const output = await perform(service, protocol, action, input, caller, { requestId, gone: goneSignal(response) });
      write(response, protocol.success(action, output, requestId));
    } catch (error) {
      const known = error instanceof SignatureError ? protocol.signatureError(error.problem, error.message) : error;
      if (!(known instanceof AwsError)) throw known;
      // The author of the policies should see it in the output of the machine.
      if (known.code.startsWith('AccessDenied')) account.log('aws', known.message);
      write(response, protocol.failure(known, requestId));
      // The rest of an unread body would be taken for the next request.
      if (!request.complete) request.resume();
    }
  }

  function serviceOf({ service, region }: Credential): Service {
    const found = served.get(service);
    if (!found) {
      const message = `One machine has no AWS service '${service}'. It answers ${[...served.keys()].sort().join(', ')}.`;
      account.log('aws', message);
      throw new AwsError('UnknownOperationException', message);
    }
    if (region !== account.region)
      throw new SignatureError('mismatch', `Credential should be scoped to a valid region, not '${region}'.`);
    return found.service;
  }

  async function perform(
    service: Service,
    protocol: Protocol,
    action: string,
    input: unknown,
    caller: Caller,
    call: Call,
  ) {
    const operations = service.operations ?? {};
    const operation = Object.hasOwn(operations, action) ? operations[action] : undefined;
    if (!operation) {
      const message = `One machine has no ${service.signingName}:${action}.`;
      account.log('aws', message);
      throw protocol.unknownAction(message);
    }
    const parsed = parseInput(service, operation, input);
    account.iam.authorize(caller, operation.permissions(parsed));
    try {
      return await operation.handle(parsed, caller, call);
    } catch (error) {
      if (error instanceof AwsError) throw error;
      account.log('aws', `${service.signingName} ${action}: ${error instanceof Error ? error.stack : String(error)}`);
      throw internalFailure();
    }
  }
}

function internalFailure(): AwsError {
  return new AwsError(
    'InternalFailure',
    'The request processing has failed because of an unknown error, exception or failure.',
    500,
  );
}

function signed(request: IncomingMessage) {
  return { method: request.method ?? '', target: request.url ?? '', headers: request.headers };
}

function restCallOf(request: IncomingMessage, body: Buffer): RestCall {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
  const { method = 'GET', headers } = request;
  try {
    return { method, path: decodeURIComponent(pathname.replace(/^\/aws/, '')), query, headers, body };
  } catch {
    throw new AwsError('UnknownOperationException', 'The path of the request cannot be decoded.', 404);
  }
}

/** What the signature has in place of the body's hash where the body is read by the service itself. */
function announcedHash(request: IncomingMessage, { expiresSeconds }: Credential): string {
  const announced = request.headers['x-amz-content-sha256'];
  if (typeof announced === 'string') return announced;
  if (expiresSeconds !== undefined) return 'UNSIGNED-PAYLOAD';
  throw new AwsError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
}

/** The body, or undefined when the client went away before its end. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  return await new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= bodyLimit) return chunks.push(chunk);
      chunks.length = 0;
      reject(new AwsError('RequestEntityTooLargeException', `A request has at most ${bodyLimit} bytes.`, 413));
    });
    request.on('end', () => resolve(Buffer.concat(chunks, length)));
    request.on('error', () => resolve(undefined));
    request.on('close', () => resolve(undefined));
  });
}

function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

function write(response: ServerResponse, { statusCode, headers, body }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(statusCode, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
