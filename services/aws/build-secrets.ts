import * as z from 'zod/mini';
import { storedSecret } from '../../core/builds/build-secrets.ts';
import { mapConcurrently } from '../../core/concurrency.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import type { Project } from '../../core/model/project.ts';
import { variable } from '../environment.ts';
import { createSignedFetch } from '../http/signed-fetch.ts';

const lookupsAtOnce = 4;
/** A name without a secret has no ARN, which the policy would allow: so a secret that is not there may be refused as well as not found. */
const absent = new Set(['ResourceNotFoundException', 'AccessDeniedException']);
const describedSchema = z.object({ DeletedDate: z.optional(z.number()) });

/** The names in Secrets Manager of a project's build secrets that nobody has stored, or somebody has deleted. */
export function createMissingSecrets(prefix: string) {
  const call = createSignedFetch('secretsmanager', '1.1', 'secretsmanager');

  async function isMissing(SecretId: string): Promise<boolean> {
    try {
      return (await call('DescribeSecret', { SecretId }, describedSchema)).DeletedDate !== undefined;
    } catch (error) {
      if (error instanceof UpstreamError && absent.has(String(error.cause))) return true;
      throw error;
    }
  }

  return async ({ name, buildSecrets = {} }: Pick<Project, 'name' | 'buildSecrets'>): Promise<string[]> => {
    const names = new Set(Object.values(buildSecrets).map((secret) => storedSecret(name, secret, prefix)));
    const found = await mapConcurrently([...names], lookupsAtOnce, async (each) =>
      (await isMissing(each)) ? [each] : [],
    );
    return found.flat();
  };
}

export type MissingSecrets = ReturnType<typeof createMissingSecrets>;

export function openMissingSecrets(): MissingSecrets {
  return createMissingSecrets(variable('BUILD_SECRETS_PREFIX'));
}
