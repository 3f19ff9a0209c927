import * as z from 'zod/mini';
import { UpstreamError } from '../../core/model/errors.ts';
import { createSignedFetch } from '../http/signed-fetch.ts';

/** How long a value is used before it is read again, so that a rotated secret takes effect without a deployment. */
const freshMilliseconds = 5 * 60_000;
/** A caller may have the value read again if it seems wrong, but not more often than this, because strangers can cause it. */
const rereadMilliseconds = 10_000;

/** Of one version of a secret. `CreatedDate`: when it was stored, in seconds. */
const versionSchema = z.object({ SecretString: z.string(), CreatedDate: z.optional(z.number()) });

/** One secret of Secrets Manager, kept in memory only. */
export function createSecret(secretId: string) {
  const read = readerOf(secretId);
  return remembered(async () => (await read('AWSCURRENT')).SecretString);
}

/**
 * The values of a secret that are valid: the current one and, for some time after it was stored, the one before it, so that whoever else
 * has the secret can follow.
 */
export function createRotatedSecret(secretId: string, overlapMilliseconds: number) {
  const read = readerOf(secretId);
  return remembered(async () => {
    const { SecretString: current, CreatedDate: storedAt = 0 } = await read('AWSCURRENT');
    if (Date.now() > storedAt * 1000 + overlapMilliseconds) return [current];
    try {
      return [current, (await read('AWSPREVIOUS')).SecretString];
    } catch (error) {
      // The secret was never rotated.
      if (error instanceof UpstreamError && error.cause === 'ResourceNotFoundException') return [current];
      throw error;
    }
  });
}

export type RotatedSecret = Pick<ReturnType<typeof createRotatedSecret>, 'current' | 'reread'>;

function readerOf(SecretId: string) {
  const call = createSignedFetch('secretsmanager', '1.1', 'secretsmanager');
  return (VersionStage: 'AWSCURRENT' | 'AWSPREVIOUS') =>
    call('GetSecretValue', { SecretId, VersionStage }, versionSchema);
}

/** Keeps a value for some minutes. */
function remembered<Value>(read: () => Promise<Value>) {
  let value: Promise<Value> | undefined;
  let readAt = 0;

  function readAgain(): Promise<Value> {
    readAt = Date.now();
    const reading = read();
    value = reading;
    reading.catch(() => {
      // Do not keep a failed read: the next caller tries again.
      if (value === reading) value = undefined;
    });
    return reading;
  }

  const within = (milliseconds: number) => (Date.now() - readAt < milliseconds ? value : undefined);

  return {
    current(): Promise<Value> {
      return within(freshMilliseconds) ?? readAgain();
    },

    /** At most some seconds old: of what people correct after a failure, and then try again. */
    latest(): Promise<Value> {
      return within(rereadMilliseconds) ?? readAgain();
    },

    /** Reads the value again, if the one in memory is older than a few seconds; otherwise undefined. */
    reread(): Promise<Value> | undefined {
      return Date.now() - readAt < rereadMilliseconds ? undefined : readAgain();
    },
  };
}
