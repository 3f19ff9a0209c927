import { BatchGetBuildsCommand, CodeBuildClient, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeImageScanFindingsCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  InitiateLayerUploadCommand,
  PutImageCommand,
  PutLifecyclePolicyCommand,
} from '@aws-sdk/client-ecr';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient, SendRawEmailCommand } from '@aws-sdk/client-ses';
import { ListExecutionsCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuildCredentials, buildCredentialsSchema } from '../../core/model/builder-contract.ts';
import { eventually } from '../eventually.ts';
import { runCommand } from './command.ts';
import { hideRepository } from './github-app.ts';
import { signIn } from './sign-in.ts';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

const secret = 'the-value-of-a-secret';
const mounting = [
  'ARG GREETING',
  'RUN --mount=type=secret,id=token,required=true echo "$GREETING, $(wc -c < /run/secrets/token)"; cat /run/secrets/token',
].join('\n');

let slipway: Slipway;
/** The ARNs of the template's roles. */
let roles: string[];
/** A build that the builder has just pushed for: its token counts, as long as its record says that it is building. */
let own: { id: string; token: string; digest: string };
let other: { id: string };
let project: string;
let functionName: string;
let machineKeys: Keys;
let session: Keys;

const settings = (credentials: Keys) => ({
  endpoint: slipway.machine.endpoint,
  region: slipway.machine.region,
  credentials,
  maxAttempts: 1,
});
const owner = () => DynamoDBDocumentClient.from(new DynamoDBClient(settings(slipway.machine.credentials)));
const output = (name: string) => slipway.machine.outputs[name] ?? '';

const roleOf = (name: string) => roles.find((arn) => arn.includes(`/Slipway-${name}`)) ?? '';
const nameOf = (arn: string) => arn.replace(/^.*\/Slipway-/, '').replace(/Role[0-9A-F]{8}-[0-9A-F]{12}$/, '');

/** All that is kept of a build, with the names. */
async function recordsOf(id: string): Promise<string> {
  const Bucket = output('RecordsBucketName');
  const client = s3(slipway.machine.credentials);
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: `builds/${id}/` }));
  const texts = Contents.map(async ({ Key }) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    return `${Key}\n${await Body?.transformToString()}`;
  });
  return (await Promise.all(texts)).join('\n');
}

async function setStatus(id: string, status: string): Promise<void> {
  await owner().send(
    new UpdateCommand({
      TableName: output('BuildsTableName'),
      Key: { id },
      UpdateExpression: 'SET #s = :s',
      ExpressionAttributeNames: { '#s': 'status' },
      ExpressionAttributeValues: { ':s': status },
    }),
  );
}

/** A build is released before its run is over: what the run does last would fail with a build that the tests say is building again. */
async function runsAreOver(): Promise<void> {
  const running = new ListExecutionsCommand({ stateMachineArn: output('StateMachineArn'), statusFilter: 'RUNNING' });
  await slipway.until('the end of all runs', async () => {
    const { executions } = await new SFNClient(settings(slipway.machine.credentials)).send(running);
    return executions?.length === 0 || undefined;
  });
}

async function ask(question: object, keys: Keys = machineKeys): Promise<BuildCredentials> {
  const answer = await new LambdaClient(settings(keys)).send(
    new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(question) }),
  );
  expect(answer.FunctionError).toBeUndefined();
  return buildCredentialsSchema.parse(JSON.parse(Buffer.from(answer.Payload ?? []).toString()));
}

async function keysFor(question: object): Promise<Keys> {
  const answer = await ask(question);
  if (answer.outcome === 'refused') throw new Error(answer.message);
  const { accessKeyId, secretAccessKey, sessionToken } = answer;
  return { accessKeyId, secretAccessKey, sessionToken };
}

async function outcome(work: Promise<unknown>): Promise<'allowed' | 'denied'> {
  try {
    await work;
    return 'allowed';
  } catch (error) {
    const { name, message } = error as Error;
    if (/^AccessDenied/.test(name)) return 'denied';
    // What IAM lets through, the service may still refuse.
    if (/^(?:InvalidLayer|ImageNotFound|ImageAlreadyExists|LayersNotFound|ConditionalCheckFailed)/.test(name))
      return 'allowed';
    throw new Error(`${name}: ${message}`, { cause: error });
  }
}

/** Its repository is private; what it shows is not, until the last of the tests. */
const ownEntry = {
  id: '3',
  'build-secrets': '{token: mine}',
  'build-args': '{GREETING: hello}',
  'source-secret': 'deploy',
  visibility: 'public',
};

beforeAll(async () => {
  slipway = await startSlipway();
  const holders = (await slipway.usedStatements()).map(({ holder }) => holder);
  roles = [...new Set(holders.filter((holder) => holder.includes(':role/')))];
  for (const name of ['demo/mine', 'demo/theirs', 'other/mine']) {
    const Name = `${output('BuildSecretsPrefix')}${name}`;
    const making = new CreateSecretCommand({ Name, SecretString: `${secret} of ${name}` });
    await new SecretsManagerClient(settings(slipway.machine.credentials)).send(making);
  }
  const { gitHubToken, url } = slipway.machine;
  const deploy = JSON.stringify({ url: `${url}/git/demo/`, password: gitHubToken });
  const storing = new CreateSecretCommand({
    Name: `${output('SourceSecretsPrefix')}demo/deploy`,
    SecretString: deploy,
  });
  await new SecretsManagerClient(settings(slipway.machine.credentials)).send(storing);
  await hideRepository(slipway, 'mine');
  const jobs = ['ground', 'victim', 'mine'];
  await slipway.track(slipway.entry('ground'), slipway.entry('victim', { id: '2' }), slipway.entry('mine', ownEntry));
  const commits = [];
  for (const job of ['ground', 'victim']) commits.push(await slipway.pushSource(job, { Dockerfile: smallDebian }));
  commits.push(await slipway.pushSource('mine', { Dockerfile: `${smallDebian}\n${mounting}\n` }));
  const ended = [];
  for (const [at, job] of jobs.entries()) ended.push(await slipway.ended(job, commits[at] ?? ''));
  expect(ended.map(({ status }) => status)).toEqual(['released', 'released', 'released']);
  await runsAreOver();
  const [, victim, mine] = ended;
  other = { id: victim?.id ?? '' };
  const record = await owner().send(new GetCommand({ TableName: output('BuildsTableName'), Key: { id: mine?.id } }));
  const { builds = [] } = await new CodeBuildClient(settings(slipway.machine.credentials)).send(
    new BatchGetBuildsCommand({ ids: [...(record.Item?.codeBuildIds ?? [])] }),
  );
  project = builds[0]?.projectName ?? '';
  const variables = new Map(builds[0]?.environment?.environmentVariables?.map(({ name, value }) => [name, value]));
  functionName = variables.get('CREDENTIALS_FUNCTION') ?? '';
  own = { id: mine?.id ?? '', token: variables.get('BUILD_TOKEN') ?? '', digest: mine?.image?.digest ?? '' };
  machineKeys = await slipway.keysOf(roleOf('BuilderRole'));
});
afterAll(async () => {
  for (const { id } of [own, other]) await setStatus(id, 'released');
  await slipway?.stop();
});

describe('the machine of a build', () => {
  it('gets no credentials with the token of a build that has ended', async () => {
    expect(own.token).toMatch(/^[\w-]{43}$/);
    expect(await ask({ build: own.id, token: own.token })).toMatchObject({ outcome: 'refused' });
  });

  it('gets them while the build runs, for itself alone', async () => {
    await setStatus(own.id, 'building');
    await setStatus(other.id, 'building');
    expect(await ask({ build: other.id, token: own.token })).toMatchObject({ outcome: 'refused' });
    expect(await ask({ build: own.id, token: 'x'.repeat(43) })).toMatchObject({ outcome: 'refused' });
    session = await keysFor({ build: own.id, token: own.token });
  });

  it('leaves its token and its secrets in no log and no record', async () => {
    const [build] = await slipway.builds('mine');
    const log = await slipway.log(build as never);
    expect(log).toContain(`hello, ${`${secret} of demo/mine`.length}`);
    const records = await recordsOf(own.id);
    expect(records).toContain('"buildSecrets":{"token":"mine"}');
    const { gitHubToken } = slipway.machine;
    for (const value of [own.token, secret, gitHubToken, btoa(`x-access-token:${gitHubToken}`)]) {
      for (const text of [log, JSON.stringify(build), records]) expect(text).not.toContain(value);
    }
  });
});

type Call = [what: string, call: (keys: Keys) => Promise<unknown>];
const s3 = (keys: Keys) => new S3Client({ ...settings(keys), forcePathStyle: true });
const put =
  (name: () => string): Call[1] =>
  (keys) =>
    s3(keys).send(new PutObjectCommand({ Bucket: output('RecordsBucketName'), Key: name(), Body: '{}' }));
const get =
  (name: () => string): Call[1] =>
  (keys) =>
    s3(keys).send(new GetObjectCommand({ Bucket: output('RecordsBucketName'), Key: name() }));
const upload =
  (repositoryName: string): Call[1] =>
  (keys) =>
    new ECRClient(settings(keys)).send(new InitiateLayerUploadCommand({ repositoryName }));
const tag =
  (repositoryName: string): Call[1] =>
  (keys) =>
    new ECRClient(settings(keys)).send(
      new PutImageCommand({ repositoryName, imageManifest: '{"schemaVersion":2}', imageTag: 'latest' }),
    );
const read =
  (repositoryName: string): Call[1] =>
  (keys) =>
    new ECRClient(settings(keys)).send(
      new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: 'latest' }] }),
    );
const ecr =
  (command: object): Call[1] =>
  (keys) =>
    new ECRClient(settings(keys)).send(command as never);
const table =
  (name: string, command: (TableName: string) => object): Call[1] =>
  (keys) =>
    DynamoDBDocumentClient.from(new DynamoDBClient(settings(keys))).send(command(output(name)) as never);

const candidate = 'candidate/demo/mine';
const layer = `sha256:${'0'.repeat(64)}`;

const secretValue =
  (name: () => string): Call[1] =>
  (keys) =>
    new SecretsManagerClient(settings(keys)).send(new GetSecretValueCommand({ SecretId: name() }));
const buildSecret = (name: string): Call[1] => secretValue(() => `${output('BuildSecretsPrefix')}${name}`);

/** What belongs to the build. */
const itsOwn: Call[] = [
  ['its secret', buildSecret('demo/mine')],
  ['its request', get(() => `builds/${own.id}/request.json`)],
  ['its result', put(() => `builds/${own.id}/result.json`)],
  ['its log', put(() => `builds/${own.id}/log/000099.txt`)],
  ['the reports of its scanners', put(() => `builds/${own.id}/scanners.json`)],
  ['its SBOM', put(() => `builds/${own.id}/sbom.spdx.json`)],
  ['a layer of its candidate', upload(candidate)],
  ['a layer of its cache', upload(`${candidate}/cache`)],
  ['its candidate', read(candidate)],
];

/** What belongs to others. */
const ofOthers: Call[] = [
  ['the findings in its image', put(() => `builds/${own.id}/findings.json`)],
  ['its request, to change it', put(() => `builds/${own.id}/request.json`)],
  ['its result, to read it', get(() => `builds/${own.id}/result.json`)],
  ['the result of another build', put(() => `builds/${other.id}/result.json`)],
  ['the log of another build', put(() => `builds/${other.id}/log/000000.txt`)],
  ['the request of another build', get(() => `builds/${other.id}/request.json`)],
  ['a build whose id begins with its own', put(() => `builds/${own.id}0/result.json`)],
  ['the findings in a release', put(() => 'releases/demo/victim/latest/x/findings.json')],
  [
    'the list of the records',
    (keys) => s3(keys).send(new ListObjectsV2Command({ Bucket: output('RecordsBucketName') })),
  ],
  ['a layer of another candidate', upload('candidate/demo/victim')],
  ['the tag of another candidate', tag('candidate/demo/victim')],
  ['another candidate', read('candidate/demo/victim')],
  ['a layer of its release', upload('demo/mine')],
  ['the tag of its release', tag('demo/mine')],
  ['the tag of another release', tag('demo/victim')],
  ['a release that it is not based on', read('demo/victim')],
  ['a new repository', ecr(new CreateRepositoryCommand({ repositoryName: 'candidate/demo/new' }))],
  ['the removal of its repository', ecr(new DeleteRepositoryCommand({ repositoryName: candidate, force: true }))],
  [
    'the removal of an image',
    ecr(new BatchDeleteImageCommand({ repositoryName: candidate, imageIds: [{ imageDigest: layer }] })),
  ],
  [
    'the expiry of images',
    ecr(new PutLifecyclePolicyCommand({ repositoryName: candidate, lifecyclePolicyText: '{}'.padEnd(100) })),
  ],
  ['a scan', ecr(new DescribeImageScanFindingsCommand({ repositoryName: candidate, imageId: { imageDigest: layer } }))],
  ['a build’s record', table('BuildsTableName', (TableName) => new GetCommand({ TableName, Key: { id: 'x' } }))],
  ['a new build’s record', table('BuildsTableName', (TableName) => new PutCommand({ TableName, Item: { id: 'x' } }))],
  ['a project', table('ProjectsTableName', (TableName) => new PutCommand({ TableName, Item: { name: 'x' } }))],
  ['a secret', secretValue(() => output('GitHostTokensSecretArn'))],
  ['the secret of the webhook', secretValue(() => output('WebhookSecretArn'))],
  ['another secret of its app-id', buildSecret('demo/theirs')],
  ['a secret of another app-id', buildSecret('other/mine')],
  ['a secret that does not exist', buildSecret('demo/none')],
  [
    'a mail',
    (keys) =>
      new SESClient(settings(keys)).send(
        new SendRawEmailCommand({
          RawMessage: { Data: Buffer.from('From: a@example.org\r\nTo: b@example.org\r\n\r\nx') },
        }),
      ),
  ],
  [
    'an execution',
    (keys) =>
      new SFNClient(settings(keys)).send(
        new StartExecutionCommand({ stateMachineArn: output('StateMachineArn'), input: '{}' }),
      ),
  ],
  [
    'a trigger',
    (keys) =>
      new SQSClient(settings(keys)).send(
        new SendMessageCommand({ QueueUrl: output('TriggersQueueUrl'), MessageBody: '{}' }),
      ),
  ],
  ['another run', (keys) => new CodeBuildClient(settings(keys)).send(new StartBuildCommand({ projectName: project }))],
  [
    'the environment of a run',
    (keys) => new CodeBuildClient(settings(keys)).send(new BatchGetBuildsCommand({ ids: [`${project}:x`] })),
  ],
  [
    'another session',
    (keys) =>
      new STSClient(settings(keys)).send(
        new AssumeRoleCommand({ RoleArn: roleOf('BuildSessionsSession'), RoleSessionName: 'more' }),
      ),
  ],
  [
    'another function',
    (keys) =>
      new LambdaClient(settings(keys)).send(new InvokeCommand({ FunctionName: output('RescanReleasesFunctionName') })),
  ],
];

describe('the credentials of a build', () => {
  it.each(itsOwn)('open %s', async (_, call) => {
    expect(await outcome(call(session))).toBe('allowed');
  });

  it.each(ofOthers)('do not open %s', async (_, call) => {
    expect(await outcome(call(session))).toBe('denied');
  });

  it('do not open the function that gives them', async () => {
    expect(await outcome(ask({ build: own.id, token: own.token }, session))).toBe('denied');
  });

  it('open a release that the build is based on, to be read', async () => {
    const keys = await keysFor({ build: own.id, token: own.token, bases: ['demo/ground', 'candidate/demo/victim'] });
    expect(await outcome(read('demo/ground')(keys))).toBe('allowed');
    expect(await outcome(upload('demo/ground')(keys))).toBe('denied');
    for (const name of ['demo/victim', 'candidate/demo/victim']) expect(await outcome(read(name)(keys))).toBe('denied');
  });

  it('sign in to a registry that is no more open than they are', async () => {
    const { authorizationData } = await new ECRClient(settings(session)).send(new GetAuthorizationTokenCommand({}));
    const authorization = `Basic ${authorizationData?.[0]?.authorizationToken}`;
    const status = async (method: string, path: string) =>
      (await fetch(`${slipway.machine.url}/v2/${path}`, { method, headers: { authorization } })).status;
    expect(await status('GET', `${candidate}/manifests/${own.id}`)).toBe(200);
    expect(await status('POST', `${candidate}/blobs/uploads/`)).toBe(202);
    for (const path of ['candidate/demo/victim', 'demo/mine', 'demo/victim', 'demo/ground'])
      expect(await status('POST', `${path}/blobs/uploads/`)).toBe(403);
    for (const path of [`candidate/demo/victim/manifests/${other.id}`, 'demo/victim/manifests/latest'])
      expect(await status('GET', path)).toBe(403);
  });
});

describe('the role of the build’s machine', () => {
  it.each([...itsOwn, ...ofOthers])('does not open %s', async (_, call) => {
    expect(await outcome(call(machineKeys))).toBe('denied');
  });
});

describe('no role but one writes what a release depends on', () => {
  /** Writes nothing: the condition never holds. */
  const attempts: Record<string, (TableName: string, attribute: string) => UpdateCommand | PutCommand> = {
    update: (TableName, attribute) =>
      new UpdateCommand({
        TableName,
        Key: keysOf[TableName.includes('Builds') ? 'Builds' : 'Projects'],
        UpdateExpression: 'SET #a = :v',
        ConditionExpression: 'attribute_exists(nothing)',
        ExpressionAttributeNames: { '#a': attribute },
        ExpressionAttributeValues: { ':v': 'x' },
      }),
    put: (TableName, attribute) =>
      new PutCommand({
        TableName,
        Item: { ...keysOf[TableName.includes('Builds') ? 'Builds' : 'Projects'], [attribute]: 'x' },
        ConditionExpression: 'attribute_exists(nothing)',
      }),
  };
  const keysOf = { Builds: { id: 'nobody' }, Projects: { name: 'nobody' } };
  const clients = new Map<string, DynamoDBDocumentClient>();
  beforeAll(async () => {
    for (const arn of roles)
      clients.set(arn, DynamoDBDocumentClient.from(new DynamoDBClient(settings(await slipway.keysOf(arn)))));
  });

  it.each([
    ['BuildsTableName', 'tokens', ['StepsIssueToken']],
    ['BuildsTableName', 'candidate', ['StepsCollectScan']],
    ['BuildsTableName', 'verdict', ['StepsJudge']],
    // A rollback gives an earlier release its tags back.
    ['BuildsTableName', 'image', ['StepsRelease', 'StepsRollBack']],
    ['ProjectsTableName', 'judged', ['StepsJudge']],
    ['ProjectsTableName', 'released', ['StepsRelease', 'StepsRollBack']],
  ])('in %s: %s', async (name, attribute, writers) => {
    const allowed = new Set<string>();
    for (const [arn, client] of clients)
      for (const attempt of Object.values(attempts)) {
        if ((await outcome(client.send(attempt(output(name), attribute) as UpdateCommand))) === 'allowed')
          allowed.add(nameOf(arn));
      }
    expect([...allowed].toSorted()).toEqual(writers);
  });
});

describe('a private project', () => {
  it('is gone for strangers when its entry says so, and the command of the operators still shows it', async () => {
    const [build] = await slipway.builds('mine');
    const paths = ['/projects/demo/mine/latest', `/builds/${build?.id}`, `/api/v1/builds/${build?.id}/log`];
    const statuses = () => Promise.all(paths.map(async (path) => (await fetch(slipway.machine.url + path)).status));
    expect(await statuses()).toEqual([200, 200, 200]);
    const { visibility: _, ...hidden } = ownEntry;
    await slipway.changeIndex(
      slipway.entry('ground'),
      slipway.entry('victim', { id: '2' }),
      slipway.entry('mine', hidden),
    );
    // An instance of the pages knows for half a second what it has read.
    await eventually(async () => {
      expect(await statuses()).toEqual([404, 404, 404]);
      expect(await slipway.tracked()).not.toContain('demo/mine:latest');
    });
    // Who signs in as one of its viewers sees it; with another address, it is still not there.
    for (const [email, expected] of [
      ['mine@example.org', 200],
      ['eve@example.org', 404],
    ] as const) {
      const cookie = await signIn(slipway.machine, email);
      const seen = await Promise.all(
        paths.map(async (path) => (await fetch(slipway.machine.url + path, { headers: { cookie } })).status),
      );
      expect([email, seen]).toEqual([email, [expected, expected, expected]]);
    }
    const { code, output: shown } = await runCommand(slipway.machine, 'log', build?.id ?? '');
    expect([code, shown]).toEqual([0, expect.stringContaining('hello')]);
  });
});
