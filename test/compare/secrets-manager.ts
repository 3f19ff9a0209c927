import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { Case, Side } from './side.ts';

const clients = new Map<Side, SecretsManagerClient>();

function client(side: Side): SecretsManagerClient {
  const known = clients.get(side) ?? new SecretsManagerClient(side.settings);
  clients.set(side, known);
  return known;
}

export async function prepareSecrets(side: Side): Promise<void> {
  const values = [
    { Name: 'given', SecretString: 'first value', Description: 'a secret' },
    { Name: 'empty', Description: 'no value yet' },
  ];
  for (const value of values) {
    const service = side.host?.services.find(({ signingName }) => signingName === 'secretsmanager');
    const arn =
      service && side.host
        ? (await side.host.declare(service, 'AWS::SecretsManager::Secret', value.Name, value)).ref
        : (await client(side).send(new CreateSecretCommand(value))).ARN;
    side.memory.set(value.Name, arn ?? '');
  }
}

const token = '11111111-1111-4111-8111-111111111111';
const status = 'moto answers with 404, Secrets Manager with 400';
const get = (
  name: string,
  input: (side: Side) => ConstructorParameters<typeof GetSecretValueCommand>[0],
  because?: string,
): Case => ({
  name: `GetSecretValue ${name}`,
  ...(because !== undefined && { because }),
  call: (side) => client(side).send(new GetSecretValueCommand(input(side))),
});
const put = (name: string, input: ConstructorParameters<typeof PutSecretValueCommand>[0], because?: string): Case => ({
  name: `PutSecretValue ${name}`,
  call: (side) => client(side).send(new PutSecretValueCommand(input)),
  ...(because !== undefined && { because }),
});

export const secretsCases: Case[] = [
  get('by name', () => ({ SecretId: 'given' })),
  get('by ARN', (side) => ({ SecretId: side.memory.get('given') })),
  get('by ARN without its ending', (side) => ({ SecretId: side.memory.get('given')?.slice(0, -7) })),
  get('of none', () => ({ SecretId: 'none' }), status),
  get('without a value', () => ({ SecretId: 'empty' }), status),
  get('at an unknown stage', () => ({ SecretId: 'given', VersionStage: 'OTHER' }), status),
  get('of an unknown version', () => ({ SecretId: 'given', VersionId: token }), status),
  put('', { SecretId: 'given', SecretString: 'second value', ClientRequestToken: token }),
  put('the same again', { SecretId: 'given', SecretString: 'second value', ClientRequestToken: token }),
  put('another under the same token', { SecretId: 'given', SecretString: 'third value', ClientRequestToken: token }),
  get('current', () => ({ SecretId: 'given' })),
  get('previous', () => ({ SecretId: 'given', VersionStage: 'AWSPREVIOUS' })),
  put('of none', { SecretId: 'none', SecretString: 'x' }, status),
  put('of nothing', { SecretId: 'given' }),
  put('of bytes', { SecretId: 'empty', SecretBinary: new Uint8Array([1, 2]) }),
  get('of bytes', () => ({ SecretId: 'empty' })),
  put('under a stage', { SecretId: 'given', SecretString: 'staged', VersionStages: ['MINE'] }),
  get('of the stage', () => ({ SecretId: 'given', VersionStage: 'MINE' })),
  { name: 'DescribeSecret', call: (side) => client(side).send(new DescribeSecretCommand({ SecretId: 'given' })) },
  {
    name: 'DescribeSecret of none',
    because: status,
    call: (side) => client(side).send(new DescribeSecretCommand({ SecretId: 'none' })),
  },
  { name: 'ListSecrets', call: (side) => client(side).send(new ListSecretsCommand({})) },
];
