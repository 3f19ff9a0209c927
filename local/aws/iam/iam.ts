import { z } from 'zod';
import { physicalName } from '../physical-name.ts';
import { resourceType, type Service } from '../service.ts';
import type { Authority } from './authority.ts';

/** IAM: the roles of the template and their policies. What they allow is judged by the account's authority. */
export function createIam({ iam }: { iam: Authority }): Service {
  const roleArn = (account: string, name: string) => `arn:aws:iam::${account}:role/${name}`;

  const role = resourceType({
    isForEveryAccount: true,
    properties: z.strictObject({
      AssumeRolePolicyDocument: z.unknown(),
      RoleName: z.string().optional(),
      Description: z.string().optional(),
      MaxSessionDuration: z.int().min(3600).max(43_200).optional(),
      Policies: z.array(z.strictObject({ PolicyName: z.string(), PolicyDocument: z.unknown() })).optional(),
      Tags: z.unknown().optional(),
    }),
    create({ logicalId, stackName, account, properties }) {
      const name = properties.RoleName ?? physicalName({ stackName, logicalId });
      const arn = roleArn(account, name);
      iam.putRole(arn, properties.AssumeRolePolicyDocument, properties.MaxSessionDuration);
      for (const { PolicyName, PolicyDocument } of properties.Policies ?? []) {
        iam.putRolePolicy(arn, PolicyName, PolicyDocument);
      }
      return { ref: name, attributes: { Arn: arn, RoleId: `AROA${name}` } };
    },
  });

  const policy = resourceType({
    isForEveryAccount: true,
    properties: z.strictObject({
      PolicyName: z.string(),
      PolicyDocument: z.unknown(),
      Roles: z.array(z.string()).min(1),
    }),
    create({ logicalId, account, properties }) {
      for (const name of properties.Roles) {
        iam.putRolePolicy(roleArn(account, name), properties.PolicyName, properties.PolicyDocument);
      }
      return { ref: logicalId, attributes: { Id: properties.PolicyName } };
    },
  });

  return { resources: { 'AWS::IAM::Role': role, 'AWS::IAM::Policy': policy } };
}
