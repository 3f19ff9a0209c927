import { vi } from 'vitest';
import { type CloudFormation, createCloudFormation } from '../../local/aws/cloudformation.ts';
import { createSts } from '../../local/aws/sts.ts';
import { type EndpointHost, hostEndpoint } from '../local/aws/endpoint-host.ts';

export interface Stack extends EndpointHost {
  cloudFormation: CloudFormation;
}

/** An AWS with a stack of Slipway, whose site and API are at the address. The command finds it by its environment as long as it is there. */
export async function startStack(url: string): Promise<Stack> {
  const aws = await hostEndpoint((account) => [createCloudFormation(account), createSts(account)]);
  const [cloudFormation] = aws.services as [CloudFormation];
  cloudFormation.noteStack('Slipway', {
    SiteUrl: url,
    ApiUrl: url,
    TriggersQueueUrl: `${url}/queue`,
    WebhooksUrl: `${url}/webhooks`,
    WebhookSecretArn: 'arn:secret',
    GitHosts: '[{"kind":"github","url":"https://github.com","apiUrl":"https://api.github.com"}]',
    IndexRepository: 'demo/index',
  });
  useAccount(aws);
  return {
    ...aws,
    cloudFormation,
    async [Symbol.asyncDispose]() {
      vi.unstubAllEnvs();
      await aws[Symbol.asyncDispose]();
    },
  };
}

/** The command's environment has the owner's keys for this AWS. */
export function useAccount({ account }: EndpointHost): void {
  const { accessKeyId, secretAccessKey } = account.iam.ownerKeys();
  vi.stubEnv('AWS_ENDPOINT_URL', account.endpoint);
  vi.stubEnv('AWS_REGION', account.region);
  vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
}
