import { createPublicKey, verify } from 'node:crypto';
import {
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
  type SignCommandInput,
} from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createIam } from '../../../local/aws/iam/iam.ts';
import { createKms } from '../../../local/aws/kms/kms.ts';
import { sha256 } from '../../../local/aws/kms/signature.ts';
import type { Service } from '../../../local/aws/service.ts';
import { declareRole, type EndpointHost, hostEndpoint } from './endpoint-host.ts';

let host: EndpointHost;
let kms: Service;
let iam: Service;
let owner: KMSClient;

async function open(dataFolder?: string): Promise<void> {
  host = await hostEndpoint((account) => {
    iam = createIam(account);
    kms = createKms(account);
    return [iam, kms];
  }, dataFolder);
  owner = new KMSClient(host.as(host.account.iam.ownerKeys()));
}
beforeEach(() => open());
afterEach(() => host[Symbol.asyncDispose]());

const root = 'arn:aws:iam::123456789012:root';
const toAccount = (...Action: string[]) => ({ Effect: 'Allow', Principal: { AWS: root }, Action, Resource: '*' });
const key = async (...Statement: object[]) =>
  (
    await host.declare(kms, 'AWS::KMS::Key', 'Key', {
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'SIGN_VERIFY',
      KeyPolicy: { Version: '2012-10-17', Statement },
    })
  ).attributes?.Arn ?? '';
const message = Buffer.from('an image was built from this commit');
const input = (KeyId: string, over: Partial<SignCommandInput> = {}): SignCommandInput => ({
  KeyId,
  Message: message,
  MessageType: 'RAW',
  SigningAlgorithm: 'ECDSA_SHA_256',
  ...over,
});
const signature = async (client: KMSClient, KeyId: string, over: Partial<SignCommandInput> = {}) =>
  (await client.send(new SignCommand(input(KeyId, over)))).Signature ?? Buffer.of();
const publicKey = async (KeyId: string) => {
  const { PublicKey } = await owner.send(new GetPublicKeyCommand({ KeyId }));
  return createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' });
};

describe('a key', () => {
  test('signs a message or its digest, so that its public key verifies the message', async () => {
    const arn = await key(toAccount('kms:*'));
    expect(arn).toMatch(/^arn:aws:kms:us-east-1:123456789012:key\/[0-9a-f-]{36}$/);
    const ofMessage = await signature(owner, arn);
    const ofDigest = await signature(owner, arn, { Message: sha256(message), MessageType: 'DIGEST' });
    const verifier = await publicKey(arn);
    expect(verifier.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    for (const each of [ofMessage, ofDigest]) expect(verify('sha256', message, verifier, each)).toBe(true);
    expect(verify('sha256', Buffer.from('another message'), verifier, ofMessage)).toBe(false);
    expect(Buffer.from(ofMessage)).not.toEqual(Buffer.from(await signature(owner, arn)));
  });

  test('stays the same over later deployments and a kill', async () => {
    const arn = await key(toAccount('kms:*'));
    const before = (await publicKey(arn)).export({ format: 'pem', type: 'spki' });
    await host.crash();
    await open(host.dataFolder);
    expect(await key(toAccount('kms:*'))).toBe(arn);
    expect((await publicKey(arn)).export({ format: 'pem', type: 'spki' })).toBe(before);
  });

  test('is named by its id, its ARN and an alias', async () => {
    const arn = await key(toAccount('kms:*'));
    await host.declare(kms, 'AWS::KMS::Alias', 'Alias', { AliasName: 'alias/slipway', TargetKeyId: arn });
    for (const KeyId of [arn, arn.split('/')[1] ?? '', 'alias/slipway', arn.replace(/key\/.*/, 'alias/slipway')]) {
      const { KeyMetadata } = await owner.send(new DescribeKeyCommand({ KeyId }));
      expect(KeyMetadata).toMatchObject({ Arn: arn, KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', Enabled: true });
    }
  });

  test('that is disabled signs nothing until it is enabled again', async () => {
    const arn = await key(toAccount('kms:*'));
    await owner.send(new DisableKeyCommand({ KeyId: arn }));
    for (const refused of [signature(owner, arn), publicKey(arn)])
      await expect(refused).rejects.toMatchObject({ name: 'DisabledException', message: `${arn} is disabled.` });
    await owner.send(new EnableKeyCommand({ KeyId: arn }));
    expect(await signature(owner, arn)).toBeDefined();
  });

  test.each<[string, Partial<SignCommandInput>, string]>([
    ['another algorithm', { SigningAlgorithm: 'ECDSA_SHA_384' }, 'InvalidKeyUsageException'],
    ['a digest of another length', { MessageType: 'DIGEST' }, 'ValidationException'],
    ['a message of more than 4096 bytes', { Message: Buffer.alloc(4097) }, 'ValidationException'],
    ['a key that is not there', { KeyId: 'alias/none' }, 'NotFoundException'],
  ])('refuses %s', async (_what, over, name) => {
    const arn = await key(toAccount('kms:*'));
    await expect(signature(owner, arn, over)).rejects.toMatchObject({ name });
  });
});

describe("a key's policy", () => {
  const role = async (name: string, ...actions: string[]) =>
    declareRole(host, iam, name, [{ Effect: 'Allow', Action: ['kms:DescribeKey', ...actions], Resource: '*' }]);
  const as = (arn: string) => new KMSClient(host.as(host.account.iam.keysOf(arn)));

  test('lets a role sign that it names, and no other, whatever the policies of the roles say', async () => {
    const [signer, stranger] = [await role('Signer'), await role('Stranger', 'kms:*')];
    const arn = await key(toAccount('kms:Get*'), {
      ...toAccount('kms:Sign'),
      Principal: { AWS: signer },
    });
    expect(await signature(as(signer), arn)).toBeDefined();
    await expect(signature(as(stranger), arn)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('because no resource-based policy allows the kms:Sign action'),
    });
  });

  test('leaves what it gives to the account to the policies of the roles', async () => {
    const [reader, stranger] = [await role('Reader', 'kms:GetPublicKey'), await role('Stranger')];
    const arn = await key(toAccount('kms:Get*'));
    const command = new GetPublicKeyCommand({ KeyId: arn });
    expect((await as(reader).send(command)).KeySpec).toBe('ECC_NIST_P256');
    await expect(as(stranger).send(command)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('because no identity-based policy allows the kms:GetPublicKey action'),
    });
  });
});
