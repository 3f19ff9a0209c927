import { describe, expect, test } from 'vitest';
import * as errors from '../../core/model/errors.ts';
import { definition, type Retry, resource } from './template.ts';

const { StartAt, States, TimeoutSeconds } = definition();
const tasks = Object.entries(States).filter(([, { Type }]) => Type === 'Task');

/** The sum of the pauses between the attempts, without jitter. */
function retryTime({
  IntervalSeconds,
  BackoffRate,
  MaxAttempts,
  MaxDelaySeconds = Number.POSITIVE_INFINITY,
}: Retry): number {
  return Array.from({ length: MaxAttempts }, (_, at) =>
    Math.min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** at),
  ).reduce((sum, pause) => sum + pause, 0);
}

function retryOf(state: string, error: string): Retry {
  const retry = States[state]?.Retry.find(({ ErrorEquals }) => ErrorEquals.includes(error));
  if (!retry) throw new Error(`${state} does not retry ${error}.`);
  return retry;
}

/** Every state that can follow, by success, choice or error. */
function followersOf(name: string): string[] {
  const { Next, Default, Choices = [], Catch = [] } = States[name] ?? {};
  return [Next, Default, ...Choices.map((choice) => choice.Next), ...Catch.map((each) => each.Next)].filter(
    (next) => typeof next === 'string',
  );
}

describe('the way of a build', () => {
  test('is a token, build, scan, judge, sign, release, deliver, tell', () => {
    expect(StartAt).toBe('First');
    expect(States.First?.Default).toBe('IssueToken');
    expect(States.IssueToken?.Next).toBe('Platforms');
    expect(States.Platforms?.Default).toBe('Build');
    expect(States.Build?.Next).toBe('CollectScan');
    expect(States.CollectScan?.Next).toBe('Judge');
    expect(States.Judge?.Next).toBe('Verdict');
    expect(States.Sign?.Next).toBe('Release');
    expect(States.Release?.Next).toBe('Deliver');
    expect(States.Deliver?.Next).toBe('Tell');
    expect(States.End?.Default).toBe('Tell');
    expect(States.Notified?.Type).toBe('Succeed');
  });

  test('for several platforms is a machine for each, whose images are joined to one candidate', () => {
    expect(States.Platforms?.Choices).toEqual([{ Variable: '$.platforms', IsPresent: true, Next: 'Machines' }]);
    expect(States.Machines).toMatchObject({ Type: 'Map', ItemsPath: '$.platforms', Next: 'JoinPlatforms' });
    expect(States.JoinPlatforms?.Next).toBe('CollectScan');
    const inside = JSON.parse(JSON.stringify(States.Machines?.ItemProcessor)).States;
    const machines = ['linux/amd64', 'linux/arm64'].map((platform) => ({
      Variable: '$.platform',
      StringEquals: platform,
      Next: `Build-${platform.slice('linux/'.length)}`,
    }));
    expect(inside.Machine.Choices).toEqual(machines);
    const projects = machines.map(({ Next }) => inside[Next].Parameters.ProjectName);
    expect(new Set(projects.map((name) => JSON.stringify(name))).size).toBe(2);
    // A machine that fails stops no other.
    for (const { Next } of machines)
      expect(inside[Next].Catch).toEqual([{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'NotBuilt' }]);
    // What goes on has no token.
    for (const end of ['Built', 'NotBuilt']) expect(JSON.stringify(inside[end])).not.toContain('issued');
  });

  test('leads to a signature only through a verdict of pass, and to the release only through a signature', () => {
    const leadingTo = (state: string) => Object.keys(States).filter((name) => followersOf(name).includes(state));
    expect(leadingTo('Release')).toEqual(['Sign']);
    expect(leadingTo('Sign')).toEqual(['Verdict']);
    expect(States.Verdict?.Choices).toEqual([{ Variable: '$.verdict.outcome', StringEquals: 'pass', Next: 'Sign' }]);
    expect(States.Verdict?.Default).toBe('Tell');
    // A rollback puts tags on what was released before.
    expect(Object.keys(States).filter((name) => followersOf(name).includes('RollBack'))).toEqual(['First']);
  });

  test('notifies people of its end, whatever the end is', () => {
    for (const [name] of tasks) {
      const last = new Set<string>();
      const seen = new Set([name]);
      for (const each of seen) {
        const followers = followersOf(each);
        if (followers.length === 0) last.add(each);
        for (const follower of followers) seen.add(follower);
      }
      expect({ name, last: [...last], notified: name === 'Tell' || seen.has('Tell') }).toEqual({
        name,
        last: ['Notified'],
        notified: true,
      });
    }
  });

  test('turns every error of a step into a failed build', () => {
    for (const name of [
      'IssueToken',
      'Build',
      'Machines',
      'JoinPlatforms',
      'CollectScan',
      'AwaitScan',
      'Judge',
      'Sign',
      'Release',
      'RollBack',
    ]) {
      expect(States[name]?.Catch.at(-1)).toMatchObject({
        ErrorEquals: ['States.ALL'],
        Next: 'Fail',
        ResultPath: '$.error',
      });
    }
  });

  test('judges, and so blocks, an image whose scan does not end', () => {
    expect(States.AwaitScan?.Catch).toContainEqual({
      ErrorEquals: ['States.Timeout'],
      Next: 'Judge',
      ResultPath: null,
    });
  });

  test('carries ids only, the token of the build to its machine, and that of the wait for a scan', () => {
    const paths = JSON.stringify(States).match(/\$\.[A-Za-z.]+/g) ?? [];
    expect([...new Set(paths)].toSorted()).toEqual([
      '$.Map.Item.Value',
      '$.Payload.outcome',
      '$.Payload.seconds',
      '$.Payload.token',
      '$.Task.Token',
      '$.build',
      '$.end',
      '$.end.outcome',
      '$.end.seconds',
      '$.error',
      '$.first',
      '$.issued',
      '$.issued.token',
      '$.machines',
      '$.platform',
      '$.platforms',
      '$.verdict',
      '$.verdict.outcome',
    ]);
  });

  test('gives the builder the id and the token of the build and nothing else', () => {
    expect(States.Build?.Parameters?.EnvironmentVariablesOverride).toEqual([
      { Name: 'BUILD_ID', Type: 'PLAINTEXT', 'Value.$': '$.build' },
      { Name: 'BUILD_TOKEN', Type: 'PLAINTEXT', 'Value.$': '$.issued.token' },
    ]);
  });
});

describe('trying again', () => {
  test('every error that a state waits for is one of Step Functions, of a service, or a class of core/model/errors.ts', () => {
    const services = /^(?:States|Lambda|Sandbox|CodeBuild)\.[A-Z][A-Za-z]+$/;
    const named = Object.values(States)
      .flatMap(({ Retry = [], Catch = [] }) => [...Retry, ...Catch])
      .flatMap(({ ErrorEquals }) => ErrorEquals)
      .filter((name) => !services.test(name));
    expect(named.filter((name) => !(name in errors))).toEqual([]);
  });

  test('every function is tried again when Lambda itself stumbles', () => {
    for (const [name, { Resource }] of tasks) {
      if (Resource?.includes(':lambda:invoke'))
        expect(retryOf(name, 'Lambda.TooManyRequestsException').MaxAttempts).toBeGreaterThan(3);
    }
  });

  test('a scan has a quarter of an hour', () => {
    const { MaxAttempts } = retryOf('AwaitScan', 'States.Timeout');
    expect(((MaxAttempts + 1) * Number(States.AwaitScan?.TimeoutSeconds)) / 60).toBe(15);
  });

  test('a release waits longer for another one than that one may take', () => {
    expect(retryTime(retryOf('Release', 'ReleaseBusyError'))).toBeGreaterThan(
      resource('AWS::Lambda::Function', 'StepsRelease').Properties.Timeout,
    );
  });

  test('a build waits for a day for room at CodeBuild, and a build that failed is not begun again', () => {
    const noRoom = retryOf('Build', 'CodeBuild.AccountLimitExceededException');
    expect(retryTime(noRoom) / 3600).toBeCloseTo(24, 0);
    expect(noRoom.JitterStrategy).toBeUndefined();
    expect(States.Build?.Retry.flatMap(({ ErrorEquals }) => ErrorEquals)).not.toContain('States.TaskFailed');
  });

  test('a build whose base image or machine may be there later is begun again when the failing step says so, and not before', () => {
    expect(States.Fail?.Next).toBe('End');
    expect(States.End?.Choices).toEqual([{ Variable: '$.end.outcome', StringEquals: 'again', Next: 'Again' }]);
    expect(States.Again).toMatchObject({ Type: 'Wait', SecondsPath: '$.end.seconds', Next: 'GoOn' });
    expect(States.Room?.Choices).toEqual(States.End?.Choices);
    expect(States.Room?.Default).toBe('Platforms');
  });

  test('the execution has time for all of it', () => {
    const timeout = Number(States.Build?.TimeoutSeconds);
    expect(TimeoutSeconds).toBeGreaterThan(
      retryTime(retryOf('Build', 'CodeBuild.AccountLimitExceededException')) + timeout + 3600,
    );
    const { TimeoutInMinutes, QueuedTimeoutInMinutes } = resource(
      'AWS::CodeBuild::Project',
      'BuilderProject',
    ).Properties;
    expect(timeout / 60).toBeGreaterThan(TimeoutInMinutes + QueuedTimeoutInMinutes);
  });
});

test('an execution that ends in a way that the machine cannot see starts the function that closes its build', () => {
  const machine = resource('AWS::StepFunctions::StateMachine').id;
  const rule = resource('AWS::Events::Rule', 'SupervisionExecutionEnded');
  expect(rule.Properties.EventPattern).toEqual({
    source: ['aws.states'],
    'detail-type': ['Step Functions Execution Status Change'],
    detail: { stateMachineArn: [{ Ref: machine }], status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
  });
});

test('builds are never refused for the number of those that run', () => {
  expect(resource('AWS::CodeBuild::Project', 'BuilderProject').Properties.ConcurrentBuildLimit).toBeUndefined();
});

test('the token of a build is in no log', () => {
  expect(resource('AWS::StepFunctions::StateMachine').Properties.LoggingConfiguration).toMatchObject({
    IncludeExecutionData: false,
  });
});
