import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Account, Caller } from '../aws/service.ts';
import { anonymous, type Credentials } from './credentials.ts';
import { isRepositoryName } from './names.ts';
import type { Pushed } from './push-image.ts';
import type { Registry } from './registry.ts';
import { RegistryError } from './registry-error.ts';
import type { Repository } from './repositories.ts';

/** What the routes of the registry work with. */
export interface RegistryContext {
  account: Account;
  registry: Registry;
  credentials: Credentials;
  /** An image, or one tag of it, came into a repository. */
  pushed(repository: string, image: Pushed, tags: string[]): void;
  deleted(repository: string, digest: string, tags: string[]): void;
  /** Whether a layer may come from another repository without an upload. */
  mayMount(): boolean;
}

/** One request and its answer. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  query: URLSearchParams;
  caller: Caller;
}

/** What anybody may do; they are the actions of a pull. */
const publicActions = new Set([
  'ecr:BatchCheckLayerAvailability',
  'ecr:BatchGetImage',
  'ecr:DescribeRepositories',
  'ecr:GetDownloadUrlForLayer',
  'ecr:ListImages',
]);

export function arnOf(account: Account, repository: string): string {
  return `arn:aws:ecr:${account.region}:${account.id}:repository/${repository}`;
}

/**
 * @throws RegistryError UNAUTHORIZED for an unknown caller
 * @throws AwsError AccessDeniedException for a known caller whose policies do not allow it
 */
export function authorize({ account }: RegistryContext, { caller }: Exchange, action: string, resource: string): void {
  if (caller.kind !== 'anonymous') account.iam.authorize(caller, [{ action, resource }]);
  else if (!publicActions.has(action)) throw new RegistryError('UNAUTHORIZED', 'Not Authorized');
}

/** The repository that a request is about, once the caller may do the action there. */
export function repositoryFor(context: RegistryContext, exchange: Exchange, action: string, name: string): Repository {
  if (!isRepositoryName(name)) throw new RegistryError('NAME_INVALID', `'${name}' is not a name of a repository`);
  authorize(context, exchange, action, arnOf(context.account, name));
  const repository = context.registry.repositories.find(name);
  if (repository !== undefined) return repository;
  const pushes = action === 'ecr:InitiateLayerUpload' || action === 'ecr:PutImage';
  // Whom the machine belongs to need not call CreateRepository first.
  if (pushes && exchange.caller.kind === 'owner') return context.registry.repositories.create(name);
  throw new RegistryError(
    'NAME_UNKNOWN',
    `The repository with name '${name}' does not exist in the registry with id '${context.account.id}'`,
  );
}

/** @throws RegistryError UNAUTHORIZED for credentials that are wrong; none at all are anonymous */
export function callerOf(credentials: Credentials, authorization: string | undefined): Caller {
  if (authorization === undefined) return anonymous;
  const [scheme = '', value = ''] = authorization.split(' ');
  const caller = scheme.toLowerCase() === 'bearer' ? bearer(credentials, value) : basic(credentials, scheme, value);
  if (caller === undefined) {
    throw new RegistryError('UNAUTHORIZED', 'Your Authorization Token is invalid or has expired. Please log in again.');
  }
  return caller;
}

function bearer(credentials: Credentials, token: string): Caller | undefined {
  return token === anonymousToken ? anonymous : credentials.callerOfToken(token);
}

function basic(credentials: Credentials, scheme: string, value: string): Caller | undefined {
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1) return undefined;
  const user = text.slice(0, colon);
  const password = text.slice(colon + 1);
  // Skopeo and Buildah send an empty name and password when they know none.
  return user === '' && password === '' ? anonymous : credentials.callerOfPassword(user, password);
}

/** What the token service gives to a client without a password. */
export const anonymousToken = 'anonymous';

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': bytes.length, ...headers });
  response.end(bytes);
}

export function sendEmpty(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'Content-Length': '0', ...headers });
  response.end();
}
