import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createApp } from '../../infra/create-app.ts';
import { type OpenAccount, openAccount } from '../../local/account.ts';
import { roleArnOf } from '../../local/aws/iam/policy.ts';
import type { Caller } from '../../local/aws/service.ts';
import { createServices } from '../../local/services.ts';
import { deploy } from '../../local/template/deploy.ts';
import { readAssembly } from '../../local/template/template.ts';

/** Three accounts, each with its stack, on the local AWS: what either may do in the other, as IAM judges it. */

const pipeline = '123456789012';
const builds = '222233334444';
const images = '333344445555';
let folder: string;
let app: ReturnType<typeof createApp>;
let account: OpenAccount;
/** ARNs of what was made, by the beginning of the logical id. */
let made: ReadonlyMap<string, string>;

beforeAll(async () => {
  vi.stubEnv('CDK_VALIDATION', 'false');
  folder = await mkdtemp(join(tmpdir(), 'slipway-accounts-'));
  const slipway = {
    sender: 'slipway@your.org',
    operators: ['you@your.org'],
    indexRepository: 'you/index',
    accounts: { pipeline, region: 'us-east-1', builds, images: [images] },
  };
  app = createApp({ outputFolder: join(folder, 'out'), context: { slipway, 'aws:cdk:bundling-stacks': [] } });
  app.synth();
  const own = { url: 'http://localhost:1', dataFolder: join(folder, 'data'), log: () => undefined };
  account = openAccount(own);
  const services = createServices(account, {
    concurrentBuilds: 1,
    engineEnvironment: {},
    gitHubToken: 'token',
    password: 'password',
    scanner: 'auto',
  });
  const arns = new Map<string, string>();
  for (const stack of await readAssembly(join(folder, 'out'))) {
    // Without bundles there is no code, and no code runs here.
    const assets = stack.assets.map((asset) => ({ ...asset, path: folder }));
    await services.assets.add({ ...stack, assets }, services.putFile);
    const { resources } = await deploy(stack, account, services.all);
    for (const [id, { ref, attributes }] of resources) arns.set(id, attributes?.Arn ?? ref);
  }
  made = arns;
});
afterAll(async () => {
  account.close();
  await rm(folder, { recursive: true });
});

function arnOf(start: string): string {
  const [found, ...others] = [...made].filter(([id]) => new RegExp(`^${start}[0-9A-F]{8}$`).test(id));
  if (!found || others.length > 0) throw new Error(`Not one resource ${start}.`);
  return found[1];
}

function callerOf(role: string): Caller {
  const caller = account.iam.callerOf(account.iam.keysOf(arnOf(role)).accessKeyId);
  if (!caller) throw new Error(`No role ${role}.`);
  return caller;
}

function may(caller: Caller, action: string, resource: string): boolean {
  try {
    account.iam.authorize(caller, [{ action, resource }]);
    return true;
  } catch (error) {
    expect(String(error)).toMatch(/not authorized/);
    return false;
  }
}

function assume(caller: Caller, role: string, externalId?: string): Caller | undefined {
  try {
    return account.iam.assumeRole(caller, { roleArn: arnOf(role), sessionName: 'test', externalId }).caller;
  } catch (error) {
    expect(String(error)).toMatch(/not authorized/);
    return undefined;
  }
}

test('what runs code of strangers is in the account of the builds, and all else in that of the pipeline', () => {
  expect([arnOf('BuilderProject'), arnOf('BuilderRole'), arnOf('BuilderLog').replace(/:\*$/, '')]).toEqual([
    expect.stringContaining(`:${builds}:project/`),
    expect.stringContaining(`:${builds}:role/`),
    expect.stringContaining(`:${builds}:log-group:`),
  ]);
  const elsewhere = [...made].filter(([, arn]) => arn.includes(`:${builds}:`)).map(([id]) => id);
  expect(elsewhere.filter((id) => !id.startsWith('Builder'))).toEqual([]);
  expect([...made].filter(([, arn]) => arn.includes(`:${images}:`)).map(([id]) => id.slice(0, -8))).toEqual(['Copies']);
  expect(arnOf('PipelineStateMachineRole')).toContain(`:${pipeline}:`);
});

test('cdk-nag finds nothing in either stack', () => {
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  expect(violations.map(({ ruleName }) => ruleName)).toEqual([]);
});

describe('the state machine', () => {
  const machine = () => callerOf('PipelineStateMachineRole');

  test('runs builds by the role that it may assume for itself alone', () => {
    expect(assume(machine(), 'BuilderAccessRun')).toBeUndefined();
    expect(assume(machine(), 'BuilderAccessRun', `${arnOf('PipelineStateMachine')}2`)).toBeUndefined();
    const there = assume(machine(), 'BuilderAccessRun', arnOf('PipelineStateMachine'));
    for (const project of ['BuilderProject', 'BuilderOtherProject'])
      for (const action of ['StartBuild', 'BatchGetBuilds', 'StopBuild'])
        expect(there && may(there, `codebuild:${action}`, arnOf(project))).toBe(true);
    expect(there && may(there, 'codebuild:UpdateProject', arnOf('BuilderProject'))).toBe(false);
    expect(there && may(there, 'lambda:InvokeFunction', arnOf('StepsReleaseFunction'))).toBe(false);
  });

  test('starts no build without it', () => {
    expect(may(machine(), 'codebuild:StartBuild', arnOf('BuilderProject'))).toBe(false);
  });
});

test('the functions that end builds assume the role for that, and no function the one that starts them', () => {
  const planner = callerOf('PlannerPlanBuildsRole');
  const there = assume(planner, 'BuilderAccessStop');
  expect(there && may(there, 'codebuild:StopBuild', arnOf('BuilderProject'))).toBe(true);
  expect(there && may(there, 'codebuild:StartBuild', arnOf('BuilderProject'))).toBe(false);
  expect(assume(planner, 'BuilderAccessRun', arnOf('PipelineStateMachine'))).toBeUndefined();
  expect(assume(callerOf('PagesSiteRole'), 'BuilderAccessStop')).toBeUndefined();
});

describe('the machine of a build', () => {
  test('asks the pipeline for its credentials, and reaches nothing else there', () => {
    const machine = callerOf('BuilderRole');
    expect(may(machine, 'lambda:InvokeFunction', arnOf('BuildSessionsBuildCredentialsFunction'))).toBe(true);
    for (const [, arn] of [...made].filter(([, arn]) => arn.startsWith('arn:aws:lambda:'))) {
      const isIssuer = arn === arnOf('BuildSessionsBuildCredentialsFunction');
      expect([arn, may(machine, 'lambda:InvokeFunction', arn)]).toEqual([arn, isIssuer]);
    }
    for (const role of ['BuildSessionsSessionRole', 'BuilderAccessRun', 'BuilderAccessStop'])
      expect(assume(machine, role, arnOf('PipelineStateMachine'))).toBeUndefined();
    expect(may(machine, 's3:GetObject', `${arnOf('RecordsBucket')}/builds/1/request.json`)).toBe(false);
    const assets = (of: string) => `arn:aws:s3:::cdk-hnb659fds-assets-${of}-us-east-1`;
    expect(may(machine, 's3:GetBucketLocation', assets(builds))).toBe(true);
    expect(may(machine, 's3:GetBucketLocation', assets(pipeline))).toBe(false);
  });

  test('with every right in its own account has none in that of the pipeline', () => {
    const intruder = `arn:aws:iam::${builds}:role/intruder`;
    const all = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };
    const trust = { Effect: 'Allow', Principal: { Service: 'codebuild.amazonaws.com' }, Action: 'sts:AssumeRole' };
    account.iam.putRole(intruder, { Version: '2012-10-17', Statement: trust });
    account.iam.putRolePolicy(intruder, 'all', all);
    const caller = account.iam.callerOf(account.iam.keysOf(intruder).accessKeyId) as Caller;
    expect(roleArnOf(caller.arn)).toBe(intruder);
    const reached = [...made.values()].filter(
      (arn) => arn.includes(`:${pipeline}:`) && may(caller, 'lambda:InvokeFunction', arn),
    );
    expect(reached).toEqual([]);
    const assumed = [...made].filter(([, arn]) => arn.includes(`:${pipeline}:role/`)).map(([id]) => id.slice(0, -8));
    expect(assumed.length).toBeGreaterThan(30);
    expect(assumed.filter((role) => assume(caller, role))).toEqual([]);
  });
});

test('copies of releases are written to a registry account by one function, which may do nothing else there', () => {
  const there = assume(callerOf('DeliveryCopyReleasesRole'), 'Copies');
  const shop = `arn:aws:ecr:us-east-1:${images}:repository/shop`;
  expect(there && may(there, 'ecr:PutImage', shop)).toBe(true);
  expect(there && may(there, 'ecr:BatchDeleteImage', shop)).toBe(false);
  expect(there && may(there, 'ecr:PutImage', `arn:aws:ecr:us-east-1:${pipeline}:repository/shop`)).toBe(false);
  for (const other of ['DeliveryDeliverRole', 'DeliveryPromoteRole', 'StepsReleaseRole', 'BuilderRole'])
    expect(assume(callerOf(other), 'Copies')).toBeUndefined();
});

test('that a build began is told to the function that records it, by a role that calls no other', () => {
  const rule = callerOf('BuilderAccessBuildBeganRole');
  expect(may(rule, 'lambda:InvokeFunction', arnOf('SupervisionTrackBuildFunction'))).toBe(true);
  expect(may(rule, 'lambda:InvokeFunction', arnOf('StepsReleaseFunction'))).toBe(false);
});

test('who runs it is told in the account of the builds, too, that the rule calls nothing', () => {
  expect(arnOf('BuilderAccessAlarmsEventsUndelivered')).toContain(`:${builds}:alarm:Slipway-EventsUndelivered`);
  expect(arnOf('BuilderAccessAlarmsOperators')).toContain(`:${builds}:`);
});
