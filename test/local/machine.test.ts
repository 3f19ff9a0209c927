import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Machine, startMachine } from '../../local/machine.ts';
import { eventually } from '../eventually.ts';

let folder: string;
let machine: Machine | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway machine '));
  await mkdir(join(folder, 'cdk.out'));
});

afterEach(async () => {
  await machine?.stop();
  machine = undefined;
  await rm(folder, { recursive: true, force: true });
});

const policy = (...statements: object[]) => ({ Version: '2012-10-17', Statement: statements });
const att = (logicalId: string, name = 'Arn') => ({ 'Fn::GetAtt': [logicalId, name] });

/** An API whose function puts each request into a queue, and a function that keeps what comes out of it. */
const template = {
  Resources: {
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: policy({
          Effect: 'Allow',
          Principal: { Service: 'lambda.amazonaws.com' },
          Action: 'sts:AssumeRole',
        }),
      },
    },
    Policy: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        PolicyName: 'policy',
        Roles: [{ Ref: 'Role' }],
        PolicyDocument: policy({
          Effect: 'Allow',
          Action: [
            'sqs:SendMessage',
            'sqs:ReceiveMessage',
            'sqs:DeleteMessage',
            'sqs:GetQueueAttributes',
            'sqs:ChangeMessageVisibility',
          ],
          Resource: att('Queue'),
        }),
      },
    },
    Queue: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 3 } },
    ...functionNamed(
      'Receive',
      { QUEUE_URL: { Ref: 'Queue' }, SDK: resolve('node_modules/@aws-sdk/client-sqs/dist-cjs/index.js') },
      { Timeout: 900 },
    ),
    ...functionNamed('Keep', { FILE: 'to be filled in' }),
    Source: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        EventSourceArn: att('Queue'),
        FunctionName: { Ref: 'Keep' },
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: 2 },
      },
    },
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'Api', ProtocolType: 'HTTP' } },
    Stage: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: { ApiId: { Ref: 'Api' }, StageName: '$default', AutoDeploy: true },
    },
    Integration: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: { Ref: 'Api' },
        IntegrationType: 'AWS_PROXY',
        PayloadFormatVersion: '2.0',
        IntegrationUri: att('Receive'),
      },
    },
    Route: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey: 'POST /hook',
        Target: { 'Fn::Join': ['/', ['integrations', { Ref: 'Integration' }]] },
      },
    },
    Permission: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: att('Receive'),
        Principal: 'apigateway.amazonaws.com',
        SourceArn: { 'Fn::Sub': `arn:aws:execute-api:\${AWS::Region}:\${AWS::AccountId}:\${Api}/*/POST/hook` },
      },
    },
  },
  Outputs: { Hook: { Value: { 'Fn::Sub': `\${Api.ApiEndpoint}/hook` } } },
};

function functionNamed(name: string, Variables: object, more: object = {}) {
  return {
    [name]: {
      Type: 'AWS::Lambda::Function',
      DependsOn: ['Policy'],
      Properties: {
        Code: { S3Bucket: { 'Fn::Sub': `assets-\${AWS::AccountId}` }, S3Key: `${name}.zip` },
        Handler: 'index.handler',
        Role: att('Role'),
        Runtime: 'nodejs24.x',
        Environment: { Variables },
        ...more,
      },
    },
  };
}

const code = {
  Receive: `const { SQSClient, SendMessageCommand } = require(process.env.SDK);
    const client = new SQSClient({});
    exports.handler = async ({ body }) => {
      await client.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: body }));
      return { statusCode: 202 };
    };`,
  // The first try of what says "again" fails, so it has to come back.
  Keep: `exports.handler = async ({ Records }) => {
      const failed = Records.filter(({ body, attributes }) => body.includes('again') && attributes.ApproximateReceiveCount === '1');
      const kept = Records.filter((record) => !failed.includes(record)).map(({ body, attributes }) => body + ' ' + attributes.ApproximateReceiveCount);
      if (kept.length > 0) require('node:fs').appendFileSync(process.env.FILE, kept.join('\\n') + '\\n');
      return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    };`,
};

async function assemblyOf(changed: object = {}): Promise<string> {
  const assembly = join(folder, 'cdk.out');
  const files: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(code)) {
    await mkdir(join(assembly, name), { recursive: true });
    await writeFile(join(assembly, name, 'index.js'), text);
    files[name] = {
      source: { path: name, packaging: 'zip' },
      destinations: { current: { bucketName: `assets-\${AWS::AccountId}`, objectKey: `${name}.zip` } },
    };
  }
  const artifacts = {
    'Demo.assets': { type: 'cdk:asset-manifest', properties: { file: 'Demo.assets.json' } },
    Demo: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Demo.template.json' } },
  };
  const keep = functionNamed('Keep', { FILE: join(folder, 'kept') });
  const complete = { ...template, Resources: { ...template.Resources, ...keep, ...changed } };
  await writeFile(join(assembly, 'manifest.json'), JSON.stringify({ version: '36.0.0', artifacts }));
  await writeFile(join(assembly, 'Demo.assets.json'), JSON.stringify({ files, dockerImages: {} }));
  await writeFile(join(assembly, 'Demo.template.json'), JSON.stringify(complete));
  return assembly;
}

async function start(assembly: string): Promise<Machine> {
  machine = await startMachine({ dataFolder: join(folder, 'data'), port: 0, assembly, output: () => undefined });
  return machine;
}

describe('a machine', () => {
  test('takes a request through API, function, queue and function, and gives back what failed', async () => {
    const { outputs, url } = await start(await assemblyOf());
    expect(outputs).toEqual({ Hook: `${url}/hook` });
    const answers = ['one', 'again'].map((body) =>
      fetch(`${url}/hook`, { method: 'POST', body, headers: { 'content-type': 'text/plain' } }),
    );
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([202, 202]);
    await eventually(async () => expect(await readFile(join(folder, 'kept'), 'utf8')).toMatch(/^one \d$/m));
    // The failed message comes back after its visibility timeout.
    await eventually(async () => expect(await readFile(join(folder, 'kept'), 'utf8')).toMatch(/^again [2-9]$/m));
  });

  test('says in DATA/local.json how to reach it, to its user alone', async () => {
    const { url, credentials, indexRepository } = await start(await assemblyOf());
    const file = join(folder, 'data', 'local.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      url,
      credentials,
      indexRepository: 'slipway/index',
    });
    expect(indexRepository).toBe('slipway/index');
  });

  test('does not share its data folder', async () => {
    const assembly = await assemblyOf();
    await start(assembly);
    const second = startMachine({ dataFolder: join(folder, 'data'), port: 0, assembly, output: () => undefined });
    await expect(second).rejects.toThrow(/Another Slipway uses the data folder/);
  });

  test('keeps what is in a queue over a restart', async () => {
    const stopped = {
      Source: { ...template.Resources.Source, Properties: { ...template.Resources.Source.Properties, Enabled: false } },
    };
    const { url } = await start(await assemblyOf(stopped));
    await fetch(`${url}/hook`, { method: 'POST', body: 'kept', headers: { 'content-type': 'text/plain' } });
    await machine?.stop();
    await start(await assemblyOf());
    await eventually(async () => expect(await readFile(join(folder, 'kept'), 'utf8')).toBe('kept 1\n'));
  });

  test('does not deploy a queue consumer whose role may not receive', async () => {
    const { Properties } = template.Resources.Policy;
    const [statement] = Properties.PolicyDocument.Statement;
    const weaker = policy({ ...statement, Action: ['sqs:SendMessage'] });
    const assembly = await assemblyOf({
      Policy: { ...template.Resources.Policy, Properties: { ...Properties, PolicyDocument: weaker } },
    });
    await expect(start(assembly)).rejects.toThrow(
      'Source (AWS::Lambda::EventSourceMapping): The provided execution role does not have permissions to call ReceiveMessage on SQS',
    );
  });

  test('does not deploy a consumer that may take longer than its messages stay hidden', async () => {
    const assembly = await assemblyOf({ Queue: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 1 } } });
    await expect(start(assembly)).rejects.toThrow(
      'Queue visibility timeout: 1 seconds is less than Function timeout: 3 seconds',
    );
  });
});
