import { z } from 'zod';
import { type Account, operation, type Service } from './service.ts';

/**
 * The codes that lists of quotas show. That of ARM/Medium is in none.
 * https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
 */
const buildQuotas = {
  'ARM/Small': 'L-5ED1D25B',
  'ARM/Medium': undefined,
  'ARM/Large': 'L-596BEAB4',
  'Linux/Small': 'L-9D07B6EF',
  'Linux/Medium': 'L-2DC20C30',
  'Linux/Large': 'L-4DDC4A99',
};

/** Service Quotas for one question: how many builds run at once. One machine has one number for all kinds of machines. */
export function createServiceQuotas(account: Account, { concurrentBuilds }: { concurrentBuilds: number }): Service {
  return {
    signingName: 'servicequotas',
    protocol: 'json-1.1',
    resources: {},
    operations: {
      // https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
      ListServiceQuotas: operation({
        input: z.strictObject({
          ServiceCode: z.literal('codebuild'),
          MaxResults: z.int().min(1).max(100).optional(),
          NextToken: z.string().optional(),
        }),
        permissions: () => [{ action: 'servicequotas:ListServiceQuotas', resource: '*' }],
        handle: ({ ServiceCode }) => ({
          Quotas: Object.entries(buildQuotas).map(([machine, QuotaCode]) => ({
            ServiceCode,
            ServiceName: 'AWS CodeBuild',
            QuotaName: `Concurrently running builds for ${machine} environment`,
            QuotaCode,
            QuotaArn: QuotaCode && `arn:aws:servicequotas:${account.region}:${account.id}:codebuild/${QuotaCode}`,
            Value: concurrentBuilds,
            Unit: 'None',
            Adjustable: true,
            GlobalQuota: false,
          })),
        }),
      }),
    },
  };
}
