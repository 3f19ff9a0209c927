import { randomBytes } from 'node:crypto';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { askAws } from '../deployment/ask-aws.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { DeploymentError } from '../errors.ts';

/** The secret from which those of all webhooks are derived. */
export async function readMasterSecret({ stack, settings, outputs }: Deployment): Promise<string> {
  const read = new GetSecretValueCommand({ SecretId: outputs.WebhookSecretArn });
  const needs = "secretsmanager:GetSecretValue on the webhooks' secret";
  const { SecretString } = await askAws(stack, needs, () => new SecretsManagerClient(settings).send(read));
  if (!SecretString) throw new DeploymentError('The master secret of the webhooks is empty: slipway webhook rotate');
  return SecretString;
}

export async function replaceMasterSecret({ stack, settings, outputs }: Deployment): Promise<void> {
  const SecretString = randomBytes(32).toString('hex');
  const put = new PutSecretValueCommand({ SecretId: outputs.WebhookSecretArn, SecretString });
  const needs = "secretsmanager:PutSecretValue on the webhooks' secret";
  await askAws(stack, needs, () => new SecretsManagerClient(settings).send(put));
}
