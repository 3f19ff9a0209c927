import { z } from 'zod';
import type { OpenAccount } from '../account.ts';
import { physicalName } from '../physical-name.ts';
import { AwsError, resourceType, type Service } from '../service.ts';

const tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() }));

/** The policies of AWS's own that the template may name, as AWS publishes them. */
const managedPolicies: Readonly<Record<string, unknown>> = {
  // https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html
  'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole': {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '*' },
    ],
  },
};

/** IAM: the roles of the template and their policies. What they allow is judged by the account's authority. */
export function createIam(account: OpenAccount): Service {
  const roleArn = (name: string) => `arn:aws:iam::${account.id}:role/${name}`;

  const role = resourceType({
    properties: z.strictObject({
      AssumeRolePolicyDocument: z.unknown(),
      RoleName: z.string().optional(),
      Description: z.string().optional(),
      ManagedPolicyArns: z.array(z.string()).optional(),
      Policies: z.array(z.strictObject({ PolicyName: z.string(), PolicyDocument: z.unknown() })).optional(),
      // How long a session lasts and what it costs whom have no effect on one machine.
      MaxSessionDuration: z.number().optional(),
      Tags: tags.optional(),
    }),
    create({ logicalId, stackName, properties }) {
      const name = properties.RoleName ?? physicalName({ stackName, logicalId });
      const arn = roleArn(name);
      account.iam.putRole(arn, properties.AssumeRolePolicyDocument);
      for (const { PolicyName, PolicyDocument } of properties.Policies ?? []) {
        account.iam.putRolePolicy(arn, PolicyName, PolicyDocument);
      }
      for (const policyArn of properties.ManagedPolicyArns ?? []) {
        const document = Object.hasOwn(managedPolicies, policyArn) ? managedPolicies[policyArn] : undefined;
        if (!document)
          throw new AwsError('NoSuchEntity', `The local AWS does not know the managed policy ${policyArn}.`, 404);
        account.iam.putRolePolicy(arn, policyArn, document);
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
