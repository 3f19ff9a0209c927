import { parseImageReference } from '../core/model/image-reference.ts';
import type { Platform } from '../core/model/platform.ts';
import { outsideRegistry, RegistryUnavailableError } from '../services/registry/registry-client.ts';
import type { BaseSearch, ResolvedBase } from './bases.ts';
import { BasePlatformError, BaseUnavailableError } from './errors.ts';
import { imagePlatforms } from './registry.ts';

/** Why base images cannot be those of an image for a platform: they are for other machines alone. */
export async function unfitBases(
  bases: readonly ResolvedBase[],
  platform: Platform,
  search: BaseSearch,
): Promise<Error[]> {
  const failures = await Promise.all(
    bases.map(async (base) => {
      const found = await platformsOf(base, search);
      if (found instanceof Error) return [found];
      return found.includes(platform) ? [] : [unfit(base, platform, found)];
    }),
  );
  return failures.flat();
}

/** A base is read where the engine pulls it from. */
async function platformsOf(base: ResolvedBase, { own, privateHosts, signal }: BaseSearch): Promise<string[] | Error> {
  const { registry: host, repository } = parseImageReference(base.pinned);
  const credentials = own.logins[`${host}/${repository}`];
  const registry = host === own.host ? own : { ...outsideRegistry(host), credentials, trustsTokenServer: true };
  try {
    return await imagePlatforms({ registry, repository, digest: base.digest }, signal, privateHosts);
  } catch (error) {
    if (!(error instanceof RegistryUnavailableError)) throw error;
    const { reference, image, own: isOwn } = base;
    return new BaseUnavailableError(
      { reference, image, own: isOwn },
      `It cannot be seen which machines the base ${reference} is for: ${error.message}. Have the build started again when the registry ${host} answers.`,
      { cause: error },
    );
  }
}

function unfit({ reference, own }: ResolvedBase, platform: Platform, found: readonly string[]): BasePlatformError {
  const remedy = own
    ? `Have its entry in the index name ${platform} in "platforms" and release it first`
    : 'Choose a base that is for it';
  return new BasePlatformError(
    `The base ${reference} is not for ${platform}, but for ${found.slice(0, 10).join(', ') || 'no machine that it names'}. ${remedy}, or take ${platform} out of the "platforms" of the index entry.`,
  );
}
