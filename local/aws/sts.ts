import { z } from 'zod';
import { type Account, type Caller, operation, type Service } from './service.ts';

/** STS for one question, which people ask first: who am I? */
export function createSts(account: Account): Service {
  return {
    signingName: 'sts',
    protocol: 'query',
    resources: {},
    operations: {
      GetCallerIdentity: operation({
        input: z.strictObject({}),
        // Nobody needs a permission to be told who they are.
        permissions: () => [],
        handle: (_input, { arn, kind }: Caller) => ({
          UserId: kind === 'owner' ? account.id : arn.split('/').slice(1).join(':'),
          Account: account.id,
          Arn: arn,
        }),
      }),
    },
  };
}
