import { z } from 'zod';
import { type Account, type Caller, operation, type Service } from './service.ts';

/** STS with the one call that people make first: who am I? */
export function createSts(account: Account): Service {
  return {
    signingName: 'sts',
    protocol: 'query',
    resources: {},
    operations: {
      GetCallerIdentity: operation({
        input: z.strictObject({}),
        // GetCallerIdentity needs no permission.
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
