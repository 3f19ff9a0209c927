import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { expect, it } from 'vitest';
import { type CloudFormation, createCloudFormation } from '../../../local/aws/cloudformation.ts';
import { hostEndpoint } from './endpoint-host.ts';

it("tells what a stack's outputs are, and which stacks it does not have", async () => {
  let cloudFormation: CloudFormation | undefined;
  await using host = await hostEndpoint((account) => {
    cloudFormation = createCloudFormation(account);
    return [cloudFormation];
  });
  cloudFormation?.noteStack('Slipway', { SiteUrl: 'http://localhost:4600', TriggersQueueUrl: 'http://x/?a=1&b=<2>' });
  const { endpoint, region, iam } = host.account;
  const client = new CloudFormationClient({ endpoint, region, credentials: iam.ownerKeys() });

  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: 'Slipway' }));
  expect(Stacks).toMatchObject([
    {
      StackName: 'Slipway',
      StackStatus: 'CREATE_COMPLETE',
      Outputs: [
        { OutputKey: 'SiteUrl', OutputValue: 'http://localhost:4600' },
        { OutputKey: 'TriggersQueueUrl', OutputValue: 'http://x/?a=1&b=<2>' },
      ],
    },
  ]);
  const byId = await client.send(new DescribeStacksCommand({ StackName: Stacks[0]?.StackId }));
  expect(byId.Stacks).toHaveLength(1);
  expect((await client.send(new DescribeStacksCommand({}))).Stacks).toHaveLength(1);
  await expect(client.send(new DescribeStacksCommand({ StackName: 'Other' }))).rejects.toMatchObject({
    name: 'ValidationError',
    message: 'Stack with id Other does not exist',
  });
});
