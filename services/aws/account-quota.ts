import { paginateListServiceQuotas, type ServiceQuota, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';

/**
 * The account's quota of builds that run at once on a machine, such as `ARM/MEDIUM`; undefined where Service Quotas does not list it. The codes of
 * these quotas are not documented, so it is found by its name.
 * https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
 */
export async function findAccountQuota(
  client: ServiceQuotasClient,
  machine: string,
): Promise<ServiceQuota | undefined> {
  const name = `concurrently running builds for ${machine} environment`.toLowerCase();
  for await (const { Quotas = [] } of paginateListServiceQuotas({ client }, { ServiceCode: 'codebuild' })) {
    const found = Quotas.find(({ QuotaName }) => QuotaName?.toLowerCase() === name);
    if (found) return found;
  }
  return undefined;
}

/** How many builds of this deployment's machine may run at once in the account. */
export function createAccountQuota(client: ServiceQuotasClient, machine: string) {
  return { read: async (): Promise<number | undefined> => (await findAccountQuota(client, machine))?.Value };
}

export type AccountQuota = ReturnType<typeof createAccountQuota>;

export const openAccountQuota = once(() =>
  createAccountQuota(new ServiceQuotasClient({}), variable('BUILD_ENVIRONMENT')),
);
