import { deflateRawSync } from 'node:zlib';
import { z } from 'zod';
import type { OpenAccount } from '../account.ts';
import { AwsError, accountIn, type Caller, operation, type Service } from './service.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const longestPolicy = 2048;
/**
 * AWS packs session policies by a method that it does not publish, into a space of a size that it does not publish. Compressed to half
 * of the plain text's limit is a guess; what the product sends must stay far below it.
 */
const packedBytes = 1024;

/** STS: who am I, and sessions of roles. */
export function createSts(account: OpenAccount): Service {
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
          UserId: kind === 'owner' ? account.id : `AROA${arn.split('/').slice(1).join(':')}`,
          Account: accountIn(arn),
          Arn: arn,
        }),
      }),

      /** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
      AssumeRole: operation({
        input: z.strictObject({
          RoleArn: z.string().min(20).max(2048),
          RoleSessionName: z.string().regex(/^[\w+=,.@-]{2,64}$/),
          Policy: z.string().min(1).max(longestPolicy).optional(),
          ExternalId: z
            .string()
            .regex(/^[\w+=,.@:/-]{2,1224}$/)
            .optional(),
          DurationSeconds: z.coerce.number().int().min(900).max(43_200).optional(),
        }),
        // The role's trust policy decides, which only the authority knows.
        permissions: () => [],
        handle({ RoleArn, RoleSessionName, Policy, ExternalId, DurationSeconds }, caller) {
          const packed = Policy === undefined ? undefined : percentOfSpace(Policy);
          const session = account.iam.assumeRole(caller, {
            roleArn: RoleArn,
            sessionName: RoleSessionName,
            externalId: ExternalId,
            durationSeconds: DurationSeconds,
            policy: Policy === undefined ? undefined : parsed(Policy),
          });
          const { accessKeyId, secretAccessKey, sessionToken, expiration, caller: assumed } = session;
          return {
            Credentials: {
              AccessKeyId: accessKeyId,
              SecretAccessKey: secretAccessKey,
              SessionToken: sessionToken,
              Expiration: expiration,
            },
            AssumedRoleUser: { Arn: assumed.arn, AssumedRoleId: `AROA${assumed.arn.split('/').slice(1).join(':')}` },
            PackedPolicySize: packed,
          };
        },
      }),
    },
    invalidInput: ({ member, message }) =>
      new AwsError('ValidationError', `1 validation error detected: Value at '${member}' failed: ${message}`),
  };
}

function parsed(policy: string): unknown {
  try {
    return JSON.parse(policy);
  } catch {
    throw new AwsError('MalformedPolicyDocument', 'This policy contains invalid Json');
  }
}

/** @throws AwsError `PackedPolicyTooLarge` */
function percentOfSpace(policy: string): number {
  const percent = Math.ceil((100 * deflateRawSync(policy).length) / packedBytes);
  if (percent > 100)
    throw new AwsError(
      'PackedPolicyTooLarge',
      `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
    );
  return percent;
}
