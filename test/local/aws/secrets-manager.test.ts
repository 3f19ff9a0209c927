import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createIam } from '../../../local/aws/iam/iam.ts';
import { createSecretsManager } from '../../../local/aws/secrets-manager/secrets-manager.ts';
import type { Service } from '../../../local/aws/service.ts';
import { declareRole, type EndpointHost, hostEndpoint } from './endpoint-host.ts';

let host: EndpointHost;
let secrets: Service;
let iam: Service;
let client: SecretsManagerClient;

async function open(dataFolder?: string): Promise<void> {
  host = await hostEndpoint((account) => {
    iam = createIam(account);
    secrets = createSecretsManager(account);
    return [iam, secrets];
  }, dataFolder);
  client = new SecretsManagerClient(host.as(host.account.iam.ownerKeys()));
}
beforeEach(() => open());
afterEach(() => host[Symbol.asyncDispose]());

const secret = async (properties: object) =>
  (await host.declare(secrets, 'AWS::SecretsManager::Secret', 'Webhook', properties)).ref;
const value = async (SecretId: string) => (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString;

describe('a secret', () => {
  test('is made up once, and stays over later deployments and a kill', async () => {
    const generated = { GenerateSecretString: { PasswordLength: 40, ExcludePunctuation: true } };
    const arn = await secret(generated);
    expect(arn).toMatch(/^arn:aws:secretsmanager:us-east-1:123456789012:secret:test-Webhook-\w+-[A-Za-z0-9]{6}$/);
    const first = await value(arn);
    expect(first).toMatch(/^[A-Za-z0-9]{40}$/);
    expect(await secret(generated)).toBe(arn);
    await host.crash();
    await open(host.dataFolder);
    expect(await secret(generated)).toBe(arn);
    expect(await value(arn)).toBe(first);
  });

  test('that somebody put stays, until the template’s own value changes', async () => {
    const arn = await secret({ SecretString: 'from the template' });
    await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: 'from the operator' }));
    await secret({ SecretString: 'from the template', Description: 'now with words' });
    expect(await value(arn)).toBe('from the operator');
    await secret({ SecretString: 'another one' });
    expect(await value(arn)).toBe('another one');
  });

  test('that an operator makes has its name, once', async () => {
    const made = await client.send(new CreateSecretCommand({ Name: 'team/token', SecretString: 'x' }));
    expect(made.ARN).toMatch(/:secret:team\/token-[A-Za-z0-9]{6}$/);
    expect(await value('team/token')).toBe('x');
    await expect(client.send(new CreateSecretCommand({ Name: 'team/token', SecretString: 'y' }))).rejects.toThrow(
      'The operation failed because the secret team/token already exists.',
    );
    expect(await value(made.ARN ?? '')).toBe('x');
  });

  test('that is generated has every kind of character', async () => {
    const password = await value(await secret({ GenerateSecretString: { PasswordLength: 4 } }));
    for (const kind of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/]) expect(password).toMatch(kind);
    await expect(secret({ GenerateSecretString: { PasswordLength: 3 } })).rejects.toThrow(/too short/);
  });

  test('is read only by who may', async () => {
    const arn = await secret({ SecretString: 'x' });
    const role = await declareRole(host, iam, 'Reader', [
      { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: `${arn.slice(0, -6)}??????` },
    ]);
    const reader = new SecretsManagerClient(host.as(host.account.iam.keysOf(role)));
    expect((await reader.send(new GetSecretValueCommand({ SecretId: arn }))).SecretString).toBe('x');
    await expect(reader.send(new PutSecretValueCommand({ SecretId: arn, SecretString: 'y' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(
        `is not authorized to perform: secretsmanager:PutSecretValue on resource: ${arn} because`,
      ),
    });
  });
});
