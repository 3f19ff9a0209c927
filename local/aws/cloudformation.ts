import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Account, AwsError, operation, type Service } from './service.ts';

export interface CloudFormation extends Service {
  /** Records a stack with its outputs after the machine has deployed its template itself. */
  noteStack(name: string, outputs: Readonly<Record<string, string>>): void;
}

interface DeployedStack {
  StackId: string;
  StackName: string;
  CreationTime: Date;
  StackStatus: 'CREATE_COMPLETE';
  Outputs: { OutputKey: string; OutputValue: string }[];
}

/** CloudFormation for one question: what the outputs of a stack are. */
export function createCloudFormation(account: Account): CloudFormation {
  const stacks = new Map<string, DeployedStack>();
  const arnOf = (name: string) => `arn:aws:cloudformation:${account.region}:${account.id}:stack/${name}`;
  const nameOf = (nameOrId: string) => /^arn:[^/]*:stack\/([^/]+)/.exec(nameOrId)?.[1] ?? nameOrId;

  return {
    signingName: 'cloudformation',
    protocol: 'query',
    resources: {},
    operations: {
      DescribeStacks: operation({
        input: z.strictObject({ StackName: z.string().min(1).optional(), NextToken: z.string().optional() }),
        permissions: ({ StackName }) => [
          {
            action: 'cloudformation:DescribeStacks',
            resource: StackName === undefined ? '*' : `${arnOf(nameOf(StackName))}/*`,
          },
        ],
        handle({ StackName }) {
          if (StackName === undefined) return { Stacks: [...stacks.values()] };
          const stack = stacks.get(nameOf(StackName));
          if (!stack) throw new AwsError('ValidationError', `Stack with id ${StackName} does not exist`);
          return { Stacks: [stack] };
        },
      }),
    },
    noteStack(name, outputs) {
      stacks.set(name, {
        StackId: `${arnOf(name)}/${randomUUID()}`,
        StackName: name,
        CreationTime: new Date(),
        StackStatus: 'CREATE_COMPLETE',
        Outputs: Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })),
      });
    },
  };
}
