import { ECRClient, PutAccountSettingCommand } from '@aws-sdk/client-ecr';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { OpenAccount } from './account.ts';

/** What an operator does with the AWS CLI after a deployment, as the README says it. */
export interface Handover {
  /** `aws secretsmanager get-secret-value`: what the webhook is registered with at the git host. */
  webhookSecret(): Promise<string>;
  /** `aws secretsmanager put-secret-value`: the git host's token. */
  keepGitHubToken(token: string): Promise<void>;
  /** `aws ecr put-account-setting`: a release mounts the candidate's layers instead of copying them. */
  mountLayers(): Promise<void>;
}

/** Another template than Slipway's may have neither secret; then there is nothing to hand over. */
export function createHandover(account: OpenAccount, outputs: Readonly<Record<string, string>>): Handover {
  const settings = { endpoint: account.endpoint, region: account.region, credentials: account.iam.ownerKeys() };
  const client = new SecretsManagerClient(settings);
  const read = async (SecretId: string) =>
    (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '';
  return {
    async webhookSecret() {
      const arn = outputs.WebhookSecretArn;
      return arn === undefined ? '' : read(arn);
    },
    async keepGitHubToken(token) {
      const arn = outputs.GitHubTokenSecretArn;
      if (arn === undefined || (await read(arn)) === token) return;
      await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: token }));
    },
    async mountLayers() {
      await new ECRClient(settings).send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value: 'ENABLED' }));
    },
  };
}
