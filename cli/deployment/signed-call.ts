import { problemSchema } from '../../core/api/named.ts';
import { DeploymentError, RefusedError, UsageError } from '../errors.ts';
import { askAws } from './ask-aws.ts';
import type { Deployment } from './deployment.ts';
import { signerOf } from './signer.ts';

const answeredWithinMilliseconds = 30_000;

/**
 * The answer to a signed call of the API.
 * @throws UsageError, RefusedError, DeploymentError
 */
export async function callSigned(
  { stack, settings, output }: Pick<Deployment, 'stack' | 'settings' | 'output'>,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<Response> {
  const base = output('ApiUrl');
  if (base === undefined) throw new DeploymentError('The stack is of an earlier version: deploy Slipway again.');
  const needs = `execute-api:Invoke on ${method} ${path}`;
  const client = await askAws(stack, needs, () => signerOf(settings));
  const response = await client
    .fetch(`${base}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(answeredWithinMilliseconds),
    })
    .catch((cause: unknown) => {
      throw new DeploymentError(`${base} cannot be reached.`, { cause });
    });
  if (response.ok) return response;
  const problem = problemSchema.pick({ detail: true }).safeParse(await response.json().catch(() => undefined)).data;
  if (problem && [400, 404].includes(response.status)) throw new UsageError(problem.detail);
  if (problem && response.status < 500) throw new RefusedError(problem.detail);
  if (response.status === 403)
    throw new DeploymentError(`AWS does not allow it, or does not know these credentials. It needs ${needs}.`);
  throw new DeploymentError(`${base}${path} answered ${response.status}.`);
}
