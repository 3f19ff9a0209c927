import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { physicalName } from '../physical-name.ts';
import { type Account, AwsError, operation, resourceType, type Service } from '../service.ts';
import { newPrivateKey, publicKeyOf, sha256, signDigest } from './signature.ts';

const keyRow = z.object({
  arn: z.string(),
  id: z.string(),
  origin: z.string(),
  description: z.string(),
  enabled: z.int(),
  created_at: z.int(),
  private_key: z.instanceof(Uint8Array),
});
type Key = z.infer<typeof keyRow>;

const keySpec = 'ECC_NIST_P256';
const keyUsage = 'SIGN_VERIFY';
const algorithm = 'ECDSA_SHA_256';
/** Every algorithm of KMS; a key of the template's kind has one. https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html */
const algorithms = [
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  algorithm,
  'ECDSA_SHA_384',
  'ECDSA_SHA_512',
  'SM2DSA',
] as const;
const keyId = z.string().min(1).max(2048);
const largestMessage = 4096;
const sha256Bytes = 32;

/** KMS: keys that sign, as the template declares them. A key never leaves the account's file, and stays over every deployment. */
export function createKms(account: Account): Service {
  const { database } = account;
  database.exec(`
    create table if not exists kms_keys (
      arn text primary key, id text not null unique, origin text not null unique, description text not null, enabled integer not null,
      created_at integer not null, private_key blob not null) strict;
    create table if not exists kms_aliases (name text primary key, key text not null) strict;`);
  const byName = database.prepare(`select * from kms_keys where arn = :name or id = :name
    or arn = (select key from kms_aliases where name = :name or :aliases || name = :name)`);
  const arnOf = (resource: string) => `arn:aws:kms:${account.region}:${account.id}:${resource}`;

  const lookUp = (name: string): Key | undefined => keyRow.optional().parse(byName.get({ name, aliases: arnOf('') }));
  const find = (name: string): Key => {
    const key = lookUp(name);
    if (key) return key;
    const isAlias = /(?:^|:)alias\//.test(name);
    const arn = name.startsWith('arn:') ? name : arnOf(isAlias ? name : `key/${name}`);
    throw new AwsError('NotFoundException', isAlias ? `Alias ${arn} is not found.` : `Key '${arn}' does not exist`);
  };
  const enabled = (name: string): Key => {
    const key = find(name);
    if (!key.enabled) throw new AwsError('DisabledException', `${key.arn} is disabled.`);
    return key;
  };
  const on = (action: string) => (input: { KeyId: string }) => [
    { action: `kms:${action}`, resource: lookUp(input.KeyId)?.arn ?? input.KeyId },
  ];
  const switching = (action: 'EnableKey' | 'DisableKey') =>
    operation({
      input: z.object({ KeyId: keyId }),
      permissions: on(action),
      handle({ KeyId }) {
        const { arn } = find(KeyId);
        database.prepare('update kms_keys set enabled = ? where arn = ?').run(action === 'EnableKey' ? 1 : 0, arn);
      },
    });

  const operations = {
    Sign: operation({
      input: z.object({
        KeyId: keyId,
        Message: z.base64(),
        MessageType: z.enum(['RAW', 'DIGEST']).default('RAW'),
        SigningAlgorithm: z.enum(algorithms),
      }),
      permissions: on('Sign'),
      handle({ KeyId, Message, MessageType, SigningAlgorithm }) {
        const key = enabled(KeyId);
        const message = Buffer.from(Message, 'base64');
        if (message.length === 0 || message.length > largestMessage) throw invalidLength(message.length);
        if (SigningAlgorithm !== algorithm)
          throw new AwsError(
            'InvalidKeyUsageException',
            `Algorithm ${SigningAlgorithm} is incompatible with key spec ${keySpec}.`,
          );
        if (MessageType === 'DIGEST' && message.length !== sha256Bytes)
          throw new AwsError('ValidationException', `Digest is invalid length for algorithm ${algorithm}.`);
        const digest = MessageType === 'DIGEST' ? message : sha256(message);
        return { KeyId: key.arn, Signature: signDigest(key.private_key, digest), SigningAlgorithm };
      },
    }),
    GetPublicKey: operation({
      input: z.object({ KeyId: keyId }),
      permissions: on('GetPublicKey'),
      handle({ KeyId }) {
        const key = enabled(KeyId);
        return {
          KeyId: key.arn,
          PublicKey: publicKeyOf(key.private_key),
          CustomerMasterKeySpec: keySpec,
          KeySpec: keySpec,
          KeyUsage: keyUsage,
          SigningAlgorithms: [algorithm],
        };
      },
    }),
    DescribeKey: operation({
      input: z.object({ KeyId: keyId }),
      permissions: on('DescribeKey'),
      handle({ KeyId }) {
        const key = find(KeyId);
        return {
          KeyMetadata: {
            AWSAccountId: account.id,
            KeyId: key.id,
            Arn: key.arn,
            CreationDate: new Date(key.created_at),
            Enabled: key.enabled === 1,
            Description: key.description,
            KeyUsage: keyUsage,
            KeyState: key.enabled ? 'Enabled' : 'Disabled',
            Origin: 'AWS_KMS',
            KeyManager: 'CUSTOMER',
            CustomerMasterKeySpec: keySpec,
            KeySpec: keySpec,
            SigningAlgorithms: [algorithm],
            MultiRegion: false,
          },
        };
      },
    }),
    EnableKey: switching('EnableKey'),
    DisableKey: switching('DisableKey'),
  };

  const keyResource = resourceType({
    properties: z.strictObject({
      Description: z.string().max(8192).default(''),
      KeySpec: z.literal(keySpec),
      KeyUsage: z.literal(keyUsage),
      KeyPolicy: z.unknown(),
      // Nothing here deletes a resource, and so no key.
      PendingWindowInDays: z.int().min(7).max(30).optional(),
      Tags: z.unknown().optional(),
    }),
    create({ properties, ...resource }) {
      const origin = physicalName(resource, 256);
      const id = randomUUID();
      database
        .prepare(
          `insert into kms_keys values (?, ?, ?, ?, 1, ?, ?)
           on conflict (origin) do update set description = excluded.description`,
        )
        .run(arnOf(`key/${id}`), id, origin, properties.Description, Date.now(), newPrivateKey());
      const key = keyRow.parse(database.prepare('select * from kms_keys where origin = ?').get(origin));
      account.iam.setResourcePolicy(key.arn, properties.KeyPolicy);
      return { ref: key.id, attributes: { Arn: key.arn, KeyId: key.id } };
    },
  });

  const aliasResource = resourceType({
    properties: z.strictObject({ AliasName: z.string().regex(/^alias\/(?!aws\/)[\w/-]{1,250}$/), TargetKeyId: keyId }),
    create({ properties: { AliasName, TargetKeyId } }) {
      database.prepare('insert or replace into kms_aliases values (?, ?)').run(AliasName, find(TargetKeyId).arn);
      return { ref: AliasName };
    },
  });

  return {
    signingName: 'kms',
    protocol: 'json-1.1',
    operations,
    resources: { 'AWS::KMS::Key': keyResource, 'AWS::KMS::Alias': aliasResource },
  };
}

function invalidLength(length: number): AwsError {
  const limit = length === 0 ? 'greater than or equal to 1' : `less than or equal to ${largestMessage}`;
  return new AwsError(
    'ValidationException',
    `1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length ${limit}`,
  );
}
