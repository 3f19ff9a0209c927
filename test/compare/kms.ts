import { createPublicKey, verify } from 'node:crypto';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
  type SignCommandInput,
} from '@aws-sdk/client-kms';
import type { Case, Side } from './side.ts';

const clients = new Map<Side, KMSClient>();

function client(side: Side): KMSClient {
  const known = clients.get(side) ?? new KMSClient(side.settings);
  clients.set(side, known);
  return known;
}

const alias = 'alias/slipway';

export async function prepareKms(side: Side): Promise<void> {
  const { host } = side;
  const kind = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } as const;
  const service = host?.services.find(({ signingName }) => signingName === 'kms');
  if (host && service) {
    const { ref } = await host.declare(service, 'AWS::KMS::Key', 'Key', {
      ...kind,
      KeyPolicy: {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*', Resource: '*' },
        ],
      },
    });
    await host.declare(service, 'AWS::KMS::Alias', 'Alias', { AliasName: alias, TargetKeyId: ref });
    side.memory.set('key', ref);
    return;
  }
  const { KeyMetadata } = await client(side).send(new CreateKeyCommand(kind));
  const key = KeyMetadata?.KeyId ?? '';
  await client(side).send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: key }));
  side.memory.set('key', key);
}

const unchecked = 'moto does not look';
const named = 'moto knows the algorithms of the key only, KMS those of all keys';

const message = Buffer.from('a message');
const digest = Buffer.alloc(32, 7);

const sign = (name: string, input: Partial<SignCommandInput>, because?: string): Case => ({
  name: `Sign ${name}`,
  ...(because !== undefined && { because }),
  async call(side) {
    const { Signature, ...output } = await client(side).send(
      new SignCommand({
        KeyId: side.memory.get('key'),
        Message: message,
        MessageType: 'RAW',
        SigningAlgorithm: 'ECDSA_SHA_256',
        ...input,
      }),
    );
    const { PublicKey } = await client(side).send(new GetPublicKeyCommand({ KeyId: side.memory.get('key') }));
    const key = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' });
    // A signature of a digest is that of no message that is known here.
    const isValid = input.MessageType === 'DIGEST' || verify('sha256', message, key, Signature ?? Buffer.alloc(0));
    return { ...output, isValid };
  },
});
const by = (name: string, KeyId: string, because?: string) => [
  sign(`by ${name}`, { KeyId }, because),
  {
    name: `GetPublicKey by ${name}`,
    ...(because !== undefined && { because }),
    async call(side: Side) {
      const { PublicKey: _key, ...output } = await client(side).send(new GetPublicKeyCommand({ KeyId }));
      return output;
    },
  },
];
const switching = (name: string, Command: typeof EnableKeyCommand | typeof DisableKeyCommand): Case => ({
  name,
  call: (side) => client(side).send(new Command({ KeyId: side.memory.get('key') ?? '' })),
});

export const kmsCases: Case[] = [
  sign('a message', {}),
  sign('a digest', { Message: digest, MessageType: 'DIGEST' }),
  sign('a digest of another length', { Message: message, MessageType: 'DIGEST' }, unchecked),
  sign('nothing', { Message: Buffer.alloc(0) }, 'moto names the member with a capital'),
  sign('too much', { Message: Buffer.alloc(4097) }, unchecked),
  sign('with an algorithm of other keys', { SigningAlgorithm: 'RSASSA_PSS_SHA_256' }, named),
  sign('with an algorithm of another curve', { SigningAlgorithm: 'ECDSA_SHA_384' }, named),
  ...by('its alias', alias, 'moto gives the id of the key and no spec, KMS its ARN and its spec'),
  ...by('an alias that is not there', 'alias/none'),
  ...by('an id that is not there', '11111111-1111-4111-8111-111111111111'),
  {
    name: 'DescribeKey',
    because: 'moto says nothing of regions',
    call: (side) => client(side).send(new DescribeKeyCommand({ KeyId: alias })),
  },
  switching('DisableKey', DisableKeyCommand),
  sign('with a key that is disabled', {}, unchecked),
  switching('EnableKey', EnableKeyCommand),
  sign('with it once more', {}),
];
