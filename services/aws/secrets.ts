import * as z from 'zod/mini';
import { createSignedFetch } from '../http/signed-fetch.ts';

/** How long a value is used before it is read again, so that a rotated secret is seen without a deployment. */
const freshMilliseconds = 5 * 60_000;
/** A caller that finds the value wrong may have it read again, but not more often than this: strangers can cause that. */
const rereadMilliseconds = 10_000;

/** One secret of Secrets Manager, kept in memory only. */
export function createSecret(secretId: string) {
  const call = createSignedFetch('secretsmanager', '1.1', 'secretsmanager');
  let value: Promise<string> | undefined;
  let readAt = 0;

  function read(): Promise<string> {
    readAt = Date.now();
    const reading = call('GetSecretValue', { SecretId: secretId }, z.object({ SecretString: z.string() })).then(
      ({ SecretString }) => SecretString,
    );
    value = reading;
    reading.catch(() => {
      // A failed read is no value: the next caller tries again.
      if (value === reading) value = undefined;
    });
    return reading;
  }

  return {
    current(): Promise<string> {
      return value && Date.now() - readAt < freshMilliseconds ? value : read();
    },

    /** The value as it is now, if the one in memory is older than a few seconds; otherwise undefined. */
    reread(): Promise<string> | undefined {
      return Date.now() - readAt < rereadMilliseconds ? undefined : read();
    },
  };
}

export type Secret = ReturnType<typeof createSecret>;
