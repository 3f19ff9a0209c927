import { expect, test } from 'vitest';
import type { firstStepOf } from '../../core/model/build.ts';
import { flatten } from '../../infra/flatten.ts';
import { parseDefinition, runState } from '../../local/aws/step-functions/state-engine.ts';
import { TaskError } from '../../local/aws/step-functions/tasks.ts';
import { resource } from './template.ts';

const definition = parseDefinition(flatten(resource('AWS::StepFunctions::StateMachine').Properties.DefinitionString));

/** Runs the stack's own state machine; `tasks` has the answers of each state's task, in their order. Returns the states that were entered. */
async function entered(
  tasks: Record<string, (unknown | Error)[]>,
  build: string,
  first: ReturnType<typeof firstStepOf> = 'build',
): Promise<string[]> {
  const states: string[] = [];
  const { signal } = new AbortController();
  for (let at = { state: definition.StartAt, output: { build, first } as unknown }; ; ) {
    states.push(at.state);
    const step = await runState(definition, at.state, at.output, {
      context: { Task: { Token: 'the-token' } },
      async task(name) {
        const answer = tasks[name]?.shift();
        if (answer instanceof Error) throw answer;
        return { Payload: answer ?? {} };
      },
      failed: () => undefined,
      signal,
    });
    if (step.kind !== 'next') return states;
    at = step;
  }
}

const issued = { token: 'the-token' };
const failed = new TaskError('States.TaskFailed', '{"Build":{"BuildStatus":"FAILED"}}');

test('a build whose base image was not available runs again, and takes the usual way then', async () => {
  const tasks = {
    IssueToken: [issued],
    Build: [failed, failed, {}],
    Fail: [
      { outcome: 'again', seconds: 0 },
      { outcome: 'again', seconds: 0 },
    ],
    GoOn: [
      { outcome: 'build', seconds: 0 },
      { outcome: 'again', seconds: 0 },
      { outcome: 'build', seconds: 0 },
    ],
    Judge: [{ outcome: 'pass' }],
  };
  expect(await entered(tasks, '00000000000000aa')).toEqual([
    'First',
    'IssueToken',
    'Platforms',
    'Build',
    'Fail',
    'End',
    'Again',
    'GoOn',
    'Room',
    // Its project has no room for it yet.
    'Platforms',
    'Build',
    'Fail',
    'End',
    'Again',
    'GoOn',
    'Room',
    'Again',
    'GoOn',
    'Room',
    'Platforms',
    'Build',
    'CollectScan',
    'Judge',
    'Verdict',
    'Sign',
    'Release',
    'Deliver',
    'Tell',
    'Notified',
  ]);
});

test('a scan that has not ended is waited for, and read once it has', async () => {
  const failing = (name: string) => new TaskError(name, '');
  const tasks = {
    CollectScan: [failing('ScanPendingError'), failing('ScanPendingError'), {}],
    AwaitScan: [{}, failing('ScanEndedError')],
    Judge: [{ outcome: 'block' }],
  };
  expect(await entered(tasks, '00000000000000aa', 'scan')).toEqual([
    'First',
    'CollectScan',
    'AwaitScan',
    'CollectScan',
    'AwaitScan',
    'CollectScan',
    'Judge',
    'Verdict',
    'Tell',
    'Notified',
  ]);
});

test('a build that failed for good notifies its people', async () => {
  const tasks = { IssueToken: [issued], Build: [failed], Fail: [{ outcome: 'ended', seconds: 0 }] };
  expect(await entered(tasks, '00000000000000aa')).toEqual([
    'First',
    'IssueToken',
    'Platforms',
    'Build',
    'Fail',
    'End',
    'Tell',
    'Notified',
  ]);
});

test('a build that was cancelled before it began only notifies its people', async () => {
  expect(await entered({}, '00000000000000aa', 'tell')).toEqual(['First', 'Tell', 'Notified']);
});

test('a rollback builds and judges nothing, and notifies people of it', async () => {
  expect(await entered({}, '00000000000000aa', 'roll-back')).toEqual([
    'First',
    'RollBack',
    'Deliver',
    'Tell',
    'Notified',
  ]);
});

test('a candidate that a hold kept back is judged once more, and not released if it passes no longer', async () => {
  const judged = (outcome: string) => entered({ Judge: [{ outcome }] }, '00000000000000aa', 'scan');
  expect(await judged('pass')).toEqual([
    'First',
    'CollectScan',
    'Judge',
    'Verdict',
    'Sign',
    'Release',
    'Deliver',
    'Tell',
    'Notified',
  ]);
  expect(await judged('block')).toEqual(['First', 'CollectScan', 'Judge', 'Verdict', 'Tell', 'Notified']);
});
