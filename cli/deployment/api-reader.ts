import { setTimeout as delay } from 'node:timers/promises';
import type { AwsClient } from 'aws4fetch';
import { signedPath } from '../../core/api/signed-reads.ts';
import { DeploymentError } from '../errors.ts';
import type { Connection } from './connection.ts';
import { signerOf } from './signer.ts';

const answeredWithinMilliseconds = 30_000;
/** Where Slipway has too much to do, it is asked so often in all; after these seconds where it does not say when. */
const mostAttempts = 4;
const pauseSeconds = 2;

/** Reads a path of the API, `/api/v1/builds`. @throws DeploymentError if there is no answer */
export type ReadApi = (path: string) => Promise<Response>;

/**
 * Reads the API by calls that are signed with the caller's credentials, which see private projects too. Whom IAM does not let call these
 * reads what is public.
 * @param apiUrl undefined: the deployment has no signed reads
 */
export function createApiReader(
  siteUrl: string,
  apiUrl: string | undefined,
  settings: Connection['settings'],
): ReadApi {
  let signing: Promise<AwsClient> | undefined;
  let isAllowed = apiUrl !== undefined;

  async function readOnce(path: string): Promise<Response> {
    const signal = AbortSignal.timeout(answeredWithinMilliseconds);
    const unreachable = (cause: unknown) => {
      throw new DeploymentError(`${siteUrl} cannot be reached.`, { cause });
    };
    if (isAllowed) {
      signing ??= signerOf(settings);
      const client = await signing;
      const response = await client.fetch(`${apiUrl}${signedPath(path)}`, { signal }).catch(unreachable);
      if (response.status !== 403) return response;
      isAllowed = false;
    }
    return fetch(`${siteUrl}${path}`, { signal }).catch(unreachable);
  }

  return async function readApi(path) {
    for (let attempt = 1; ; attempt++) {
      const response = await readOnce(path);
      if (![429, 503].includes(response.status) || attempt === mostAttempts) return response;
      await delay(1000 * Number(response.headers.get('retry-after') ?? pauseSeconds));
    }
  };
}
