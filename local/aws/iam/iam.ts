import { z } from 'zod';
import { physicalName } from '../physical-name.ts';
import { type Account, resourceType, type Service } from '../service.ts';
import type { Authority } from './authority.ts';

/** IAM: the roles of the template and their policies. What they allow is judged by the account's authority. */
export function createIam(account: Pick<Account, 'id'> & { iam: Authority }): Service {
  const roleArn = (name: string) => `arn:aws:iam::${account.id}:role/${name}`;

  const role = resourceType({
    properties: z.strictObject({
      AssumeRolePolicyDocument: z.unknown(),
      RoleName: z.string().optional(),
      Description: z.string().optional(),
      MaxSessionDuration: z.int().min(3600).max(43_200).optional(),
      Policies: z.array(z.strictObject({ PolicyName: z.string(), PolicyDocument: z.unknown() })).optional(),
      Tags: z.unknown().optional(),
    }),
    create({ logicalId, stackName, properties }) {
      const name = properties.RoleName ?? physicalName({ stackName, logicalId });
      const arn = roleArn(name);
      account.iam.putRole(arn, properties.AssumeRolePolicyDocument, properties.MaxSessionDuration);
      for (const { PolicyName, PolicyDocument } of properties.Policies ?? []) {
        account.iam.putRolePolicy(arn, PolicyName, PolicyDocument);
      }
      return { ref: name, attributes: { Arn: arn, RoleId: `AROA${name}` } };
    },
  });

  const policy = resourceType({
    properties: z.strictObject({
      PolicyName: z.string(),
      PolicyDocument: z.unknown(),
      Roles: z.array(z.string()).min(1),
    }),
    create({ logicalId, properties }) {
      for (const name of properties.Roles) {
        account.iam.putRolePolicy(roleArn(name), properties.PolicyName, properties.PolicyDocument);
      }
      return { ref: logicalId, attributes: { Id: properties.PolicyName } };
    },
  });

  return { resources: { 'AWS::IAM::Role': role, 'AWS::IAM::Policy': policy } };
}
