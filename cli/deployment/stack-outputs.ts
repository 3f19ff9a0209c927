import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { askAws } from './ask-aws.ts';
import type { Connection } from './connection.ts';

/** @throws DeploymentError */
export async function readStackOutputs({ stack, settings }: Connection): Promise<Readonly<Record<string, string>>> {
  const client = new CloudFormationClient(settings);
  const ask = () => client.send(new DescribeStacksCommand({ StackName: stack }));
  const { Stacks = [] } = await askAws(stack, 'cloudformation:DescribeStacks on the stack', ask);
  const outputs = Stacks[0]?.Outputs ?? [];
  return Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
}
