import * as z from 'zod/mini';
import { createSignedFetch } from '../http/signed-fetch.ts';

/** How long a value is used before it is read again, so that a rotated secret takes effect without a deployment. */
const freshMilliseconds = 5 * 60_000;
/** A caller may have the value read again if it seems wrong, but not more often than this, because strangers can cause it. */
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
      // Do not keep a failed read: the next caller tries again.
      if (value === reading) value = undefined;
    });
    return reading;
  }

  return {
    current(): Promise<string> {
      return value && Date.now() - readAt < freshMilliseconds ? value : read();
    },

    /** Reads the value again, if the one in memory is older than a few seconds; otherwise undefined. */
    reread(): Promise<string> | undefined {
      return Date.now() - readAt < rereadMilliseconds ? undefined : read();
    },
  };
}

export type Secret = ReturnType<typeof createSecret>;
