import { createHash, randomInt, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { physicalName } from '../physical-name.ts';
import { type Account, AwsError, operation, resourceType, type Service } from '../service.ts';
import { transaction } from '../transaction.ts';
import { generateSecretStringSchema, randomPassword } from './random-password.ts';

const secretRow = z.object({
  arn: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  created_at: z.number(),
  changed_at: z.number(),
  source: z.string(),
});
const versionRow = z.object({
  id: z.string(),
  string: z.string().nullable(),
  binary: z.instanceof(Uint8Array).nullable(),
  created_at: z.number(),
});
type Secret = z.infer<typeof secretRow>;

interface Value {
  string: string | undefined;
  binary: Uint8Array | undefined;
}

const current = 'AWSCURRENT';
const previous = 'AWSPREVIOUS';
const secretName = z.string().regex(/^[\w/+=.@!-]{1,512}$/);
const secretId = z.string().min(1).max(2048);
const token = z.string().min(32).max(64);
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const largestValue = 65_536;

/** Secrets Manager. A value that a caller has put survives every later deployment of the same template. */
export function createSecretsManager(account: Account): Service {
  const { database } = account;
  database.exec(`
    create table if not exists secretsmanager_secrets (
      arn text primary key, name text not null unique, description text, created_at integer not null, changed_at integer not null,
      source text not null) strict;
    create table if not exists secretsmanager_versions (
      arn text not null, id text not null, string text, binary blob, created_at integer not null, primary key (arn, id)) strict;
    create table if not exists secretsmanager_stages (
      arn text not null, stage text not null, version text not null, primary key (arn, stage)) strict;`);
  const byId = database.prepare(`select * from secretsmanager_secrets
    where arn = :id or name = :id or (substr(arn, 1, length(arn) - 7) = :id)`);
  const versionById = database.prepare('select * from secretsmanager_versions where arn = ? and id = ?');
  const versionAtStage = database.prepare(`select v.* from secretsmanager_versions v
    join secretsmanager_stages s on s.arn = v.arn and s.version = v.id where v.arn = ? and s.stage = ?`);
  const insert = database.prepare(`insert into secretsmanager_secrets values (:arn, :name, :description, :now, :now, '')
    on conflict (name) do update set description = excluded.description`);
  const stagesOf = database.prepare('select stage, version from secretsmanager_stages where arn = ? order by stage');
  const setStage = database.prepare('insert or replace into secretsmanager_stages values (?, ?, ?)');

  const lookUp = (id: string): Secret | undefined => secretRow.optional().parse(byId.get({ id }));
  const find = (id: string): Secret => {
    const secret = lookUp(id);
    if (!secret) throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return secret;
  };
  const stages = (arn: string) =>
    z.array(z.object({ stage: z.string(), version: z.string() })).parse(stagesOf.all(arn));
  const stagesAt = (arn: string, version: string) =>
    stages(arn)
      .filter((row) => row.version === version)
      .map(({ stage }) => stage);
  const on = (action: string) => (input: { SecretId: string }) => [
    { action: `secretsmanager:${action}`, resource: lookUp(input.SecretId)?.arn ?? input.SecretId },
  ];

  const put = (arn: string, id: string, { string, binary }: Value, labels: readonly string[]): void => {
    const now = Date.now();
    const before = stages(arn).find(({ stage }) => stage === current)?.version;
    const existing = versionRow.optional().parse(versionById.get(arn, id));
    if (existing) {
      const same =
        existing.string === (string ?? null) &&
        Buffer.compare(existing.binary ?? Buffer.of(), binary ?? Buffer.of()) === 0;
      if (same) return;
      throw new AwsError(
        'ResourceExistsException',
        `You can't use ClientRequestToken ${id} because that value is already in use for a version of secret ${arn}.`,
      );
    }
    transaction(database, () => {
      database
        .prepare('insert into secretsmanager_versions values (?, ?, ?, ?, ?)')
        .run(arn, id, string ?? null, binary ?? null, now);
      database.prepare('update secretsmanager_secrets set changed_at = ? where arn = ?').run(now, arn);
      // The first value is the current one, whatever label was requested.
      const wanted = before === undefined ? new Set([...labels, current]) : new Set(labels);
      for (const label of wanted) setStage.run(arn, label, id);
      if (wanted.has(current) && before !== undefined) setStage.run(arn, previous, before);
      // AWS deletes a version without a label after some time; we do so at once.
      database
        .prepare(
          `delete from secretsmanager_versions where arn = :arn
           and id not in (select version from secretsmanager_stages where arn = :arn)`,
        )
        .run({ arn });
    });
  };

  const operations = {
    GetSecretValue: operation({
      input: z.object({
        SecretId: secretId,
        VersionId: token.optional(),
        VersionStage: z.string().min(1).max(256).optional(),
      }),
      permissions: on('GetSecretValue'),
      handle({ SecretId, VersionId, VersionStage }) {
        const secret = find(SecretId);
        const row =
          VersionId === undefined
            ? versionAtStage.get(secret.arn, VersionStage ?? current)
            : versionById.get(secret.arn, VersionId);
        const version = versionRow.optional().parse(row);
        if (!version) {
          const wanted =
            VersionId === undefined ? `staging label: ${VersionStage ?? current}` : `VersionId: ${VersionId}`;
          throw new AwsError(
            'ResourceNotFoundException',
            `Secrets Manager can't find the specified secret value for ${wanted}`,
          );
        }
        const labels = stagesAt(secret.arn, version.id);
        if (VersionId !== undefined && VersionStage !== undefined && !labels.includes(VersionStage)) {
          throw new AwsError(
            'InvalidRequestException',
            'You provided a VersionStage that is not associated to the provided VersionId.',
          );
        }
        return {
          ARN: secret.arn,
          Name: secret.name,
          VersionId: version.id,
          SecretString: version.string ?? undefined,
          SecretBinary: version.binary ?? undefined,
          VersionStages: labels,
          CreatedDate: new Date(version.created_at),
        };
      },
    }),
    CreateSecret: operation({
      input: z.object({
        Name: secretName,
        ClientRequestToken: token.optional(),
        Description: z.string().max(2048).optional(),
        SecretString: z.string().min(1).max(largestValue).optional(),
      }),
      permissions: ({ Name }) => [
        { action: 'secretsmanager:CreateSecret', resource: lookUp(Name)?.arn ?? newArn(Name) },
      ],
      handle({ Name, ClientRequestToken = randomUUID(), Description, SecretString }) {
        if (lookUp(Name)) {
          const message = `The operation failed because the secret ${Name} already exists.`;
          throw new AwsError('ResourceExistsException', message);
        }
        const arn = newArn(Name);
        insert.run({ arn, name: Name, description: Description ?? null, now: Date.now() });
        if (SecretString === undefined) return { ARN: arn, Name };
        put(arn, ClientRequestToken, { string: SecretString, binary: undefined }, [current]);
        return { ARN: arn, Name, VersionId: ClientRequestToken };
      },
    }),
    PutSecretValue: operation({
      input: z.object({
        SecretId: secretId,
        ClientRequestToken: token.optional(),
        SecretString: z.string().optional(),
        SecretBinary: z.base64().optional(),
        VersionStages: z.array(z.string().min(1).max(256)).min(1).max(20).optional(),
      }),
      permissions: on('PutSecretValue'),
      handle({ SecretId, ClientRequestToken = randomUUID(), SecretString, SecretBinary, VersionStages = [current] }) {
        const secret = find(SecretId);
        if ((SecretString === undefined) === (SecretBinary === undefined)) {
          throw new AwsError(
            'InvalidRequestException',
            SecretString === undefined
              ? 'You must provide either SecretString or SecretBinary.'
              : "You can't specify both a binary secret value and a string secret value in the same secret.",
          );
        }
        const binary = SecretBinary === undefined ? undefined : Buffer.from(SecretBinary, 'base64');
        if ((binary?.length ?? Buffer.byteLength(SecretString ?? '')) > largestValue) {
          throw new AwsError(
            'InvalidParameterException',
            `The secret value can't be longer than ${largestValue} bytes.`,
          );
        }
        put(secret.arn, ClientRequestToken, { string: SecretString, binary }, VersionStages);
        return {
          ARN: secret.arn,
          Name: secret.name,
          VersionId: ClientRequestToken,
          VersionStages: stagesAt(secret.arn, ClientRequestToken),
        };
      },
    }),
    DescribeSecret: operation({
      input: z.object({ SecretId: secretId }),
      permissions: on('DescribeSecret'),
      handle: ({ SecretId }) => described(find(SecretId), 'VersionIdsToStages'),
    }),
    ListSecrets: operation({
      input: z.object({ MaxResults: z.int().min(1).max(100).default(100), NextToken: z.string().optional() }),
      permissions: () => [{ action: 'secretsmanager:ListSecrets', resource: '*' }],
      handle({ MaxResults, NextToken = '0' }) {
        const start = Number(NextToken);
        if (!Number.isInteger(start)) throw new AwsError('InvalidNextTokenException', 'Invalid NextToken.');
        const rows = database
          .prepare('select * from secretsmanager_secrets order by created_at, rowid limit ? offset ?')
          .all(MaxResults + 1, start);
        const secrets = z.array(secretRow).parse(rows);
        return {
          SecretList: secrets.slice(0, MaxResults).map((secret) => described(secret, 'SecretVersionsToStages')),
          NextToken: secrets.length > MaxResults ? String(start + MaxResults) : undefined,
        };
      },
    }),
  };

  const described = (secret: Secret, versions: 'VersionIdsToStages' | 'SecretVersionsToStages') => ({
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description ?? undefined,
    CreatedDate: new Date(secret.created_at),
    LastChangedDate: new Date(secret.changed_at),
    [versions]: Object.fromEntries(
      [...new Set(stages(secret.arn).map(({ version }) => version))].map((version) => [
        version,
        stagesAt(secret.arn, version),
      ]),
    ),
  });

  const secretResource = resourceType({
    properties: z.strictObject({
      Name: secretName.optional(),
      Description: z.string().max(2048).optional(),
      SecretString: z.string().optional(),
      GenerateSecretString: generateSecretStringSchema.optional(),
      // Values are in the account's file, which only its owner can read; nothing is encrypted here.
      KmsKeyId: z.string().optional(),
      Tags: z.unknown().optional(),
    }),
    create({ properties, ...resource }) {
      const { Description, SecretString, GenerateSecretString } = properties;
      const name = properties.Name ?? physicalName(resource);
      const source = createHash('sha256')
        .update(JSON.stringify([SecretString, GenerateSecretString]))
        .digest('hex');
      const now = Date.now();
      const known = database.prepare('select * from secretsmanager_secrets where name = ?').get(name);
      const arn = secretRow.optional().parse(known)?.arn ?? newArn(name);
      insert.run({ arn, name, description: Description ?? null, now });
      // As with CloudFormation, a new value is set when the template's own part of it has changed, and only then.
      if (find(arn).source !== source) {
        transaction(database, () => {
          const string = GenerateSecretString ? randomPassword(GenerateSecretString) : SecretString;
          if (string !== undefined) put(arn, randomUUID(), { string, binary: undefined }, [current]);
          database.prepare('update secretsmanager_secrets set source = ? where arn = ?').run(source, arn);
        });
      }
      return { ref: arn, attributes: { Id: arn } };
    },
  });

  /** Six random characters end the ARN, so that a secret that is created again is not taken for the old one. */
  const newArn = (name: string) => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    const suffix = Array.from({ length: 6 }, () => alphabet[randomInt(alphabet.length)]).join('');
    return `arn:aws:secretsmanager:${account.region}:${account.id}:secret:${name}-${suffix}`;
  };

  return {
    signingName: 'secretsmanager',
    protocol: 'json-1.1',
    operations,
    resources: { 'AWS::SecretsManager::Secret': secretResource },
  };
}
