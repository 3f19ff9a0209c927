import { type ECRClient, GetRegistryScanningConfigurationCommand } from '@aws-sdk/client-ecr';
import { Inspector2Client, paginateListCoverage } from '@aws-sdk/client-inspector2';
import { once } from '../../core/once.ts';
import { ecrClient } from './ecr-client.ts';

/** When clusters ran images, which only a registry with enhanced scanning knows, for ECS and EKS. */
export function createImageUse(ecr: ECRClient, inspector: Inspector2Client) {
  /** The setting is the registry's: it is asked for once. */
  const isEnhanced = once(async () => {
    const { scanningConfiguration } = await ecr.send(new GetRegistryScanningConfigurationCommand({}));
    return scanningConfiguration?.scanType === 'ENHANCED';
  });

  return {
    /** By digest: when an image of the repository was last seen in use; now if it is. Empty where nobody knows. */
    async lastUses(repository: string, now: Date): Promise<Map<string, string>> {
      const uses = new Map<string, string>();
      if (!(await isEnhanced())) return uses;
      const filterCriteria = { ecrRepositoryName: [{ comparison: 'EQUALS' as const, value: repository }] };
      for await (const { coveredResources = [] } of paginateListCoverage({ client: inspector }, { filterCriteria })) {
        for (const { resourceId = '', resourceMetadata } of coveredResources) {
          // arn:aws:ecr:REGION:ACCOUNT:repository/NAME/sha256:…
          const digest = resourceId.slice(resourceId.lastIndexOf('/') + 1);
          const { inUseCount = 0, lastInUseAt } = resourceMetadata?.ecrImage ?? {};
          const usedAt = inUseCount > 0 ? now : lastInUseAt;
          if (usedAt) uses.set(digest, usedAt.toISOString());
        }
      }
      return uses;
    },
  };
}

export type ImageUse = ReturnType<typeof createImageUse>;

export const openImageUse = once(() => createImageUse(ecrClient(), new Inspector2Client({})));
