import { createHmac } from 'node:crypto';
import { ECRClient, PutAccountSettingCommand } from '@aws-sdk/client-ecr';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { OpenAccount } from './account.ts';

/** What an operator does with the AWS CLI after a deployment, as the README says it. */
export interface Handover {
  /** `aws secretsmanager get-secret-value`: the master secret, from which those of the webhooks are derived. */
  webhookMaster(): Promise<string>;
  /** The secret of one repository's webhook, as docs/operations.md derives it with openssl. */
  webhookSecretOf(repository: { owner: string; name: string }): Promise<string>;
  /** `aws secretsmanager put-secret-value`: the git host's token. */
  keepGitHubToken(token: string): Promise<void>;
  /** The same: what pushes to the repositories of manifests on the machine's own git host. */
  keepDeployCredential(token: string): Promise<void>;
  /** `aws ecr put-account-setting`: a release mounts the candidate's layers instead of copying them. */
  mountLayers(): Promise<void>;
}

/** Another template than Slipway's may have neither secret; then there is nothing to hand over. */
export function createHandover(account: OpenAccount, outputs: Readonly<Record<string, string>>): Handover {
  const index = outputs.IndexRepository?.toLowerCase();
  const settings = { endpoint: account.endpoint, region: account.region, credentials: account.iam.ownerKeys() };
  const client = new SecretsManagerClient(settings);
  const read = async (SecretId: string) =>
    (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString ?? '';
  const webhookMaster = async () => {
    const arn = outputs.WebhookSecretArn;
    return arn === undefined ? '' : read(arn);
  };
  return {
    webhookMaster,
    async webhookSecretOf({ owner, name }) {
      const repository = `${owner}/${name}`.toLowerCase();
      const kind = repository === index ? 'index' : 'repository';
      const text = `slipway-webhook:${kind}:${new URL(account.url).host}/git/${repository}`;
      return createHmac('sha256', await webhookMaster())
        .update(text)
        .digest('hex');
    },
    async keepGitHubToken(token) {
      const arn = outputs.GitHostTokensSecretArn;
      const stored = arn && (await read(arn));
      // An operator has stored more than the token.
      if (arn === undefined || stored === token || stored?.startsWith('{')) return;
      await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: token }));
    },
    async keepDeployCredential(password) {
      const arn = outputs.DeployCredentialsSecretArn;
      const SecretString = JSON.stringify({
        [new URL(account.url).host]: { username: 'slipway', password, 'app-ids': ['*'] },
      });
      if (arn === undefined || (await read(arn)) === SecretString) return;
      await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString }));
    },
    async mountLayers() {
      await new ECRClient(settings).send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value: 'ENABLED' }));
    },
  };
}
