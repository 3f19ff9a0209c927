import { ExecutionAlreadyExists, ExecutionDoesNotExist, type SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { createExecutions } from '../../../services/aws/executions.ts';

const arn = 'arn:aws:states:us-east-1:123456789012:stateMachine:machine';

function machine(answer: object | Error = {}) {
  const inputs: unknown[] = [];
  const client = {
    async send({ input }: { input: unknown }) {
      inputs.push(input);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  } as unknown as SFNClient;
  return { inputs, executions: createExecutions(client, arn) };
}
const build = { id: '00aa', cause: { type: 'manual' as const, requester: 'someone' }, status: 'queued' as const };
const problem = { $metadata: {}, message: 'x' };

describe('an execution', () => {
  it('has the name of its build, and its id for all input', async () => {
    const { inputs, executions } = machine();
    await executions.start(build);
    expect(inputs).toEqual([{ stateMachineArn: arn, name: '00aa', input: '{"build":"00aa","first":"build"}' }]);
  });

  it('of a build that ended before it began only tells of the end', async () => {
    const { inputs, executions } = machine();
    await executions.start({ ...build, status: 'cancelled' });
    expect(inputs).toMatchObject([{ name: '00aa', input: '{"build":"00aa","first":"tell"}' }]);
  });

  it('that was started before is started, other errors are errors', async () => {
    await machine(new ExecutionAlreadyExists(problem)).executions.start(build);
    await expect(machine(new Error('throttled')).executions.start(build)).rejects.toThrow('throttled');
  });

  it.each([
    ['RUNNING', 'running'],
    ['PENDING_REDRIVE', 'running'],
    ['SUCCEEDED', 'ended'],
    ['FAILED', 'ended'],
    ['TIMED_OUT', 'ended'],
    ['ABORTED', 'aborted'],
  ])('that is %s is %s', async (status, known) => {
    const { inputs, executions } = machine({ status });
    expect(await executions.status('00aa')).toBe(known);
    expect(inputs).toEqual([{ executionArn: 'arn:aws:states:us-east-1:123456789012:execution:machine:00aa' }]);
  });

  it('is stopped with a sentence, and one that never began is none to stop', async () => {
    const { inputs, executions } = machine();
    expect(await executions.stop('00aa', 'Superseded', 'Build 00ab took its place.')).toBe(true);
    expect(inputs).toEqual([
      {
        executionArn: 'arn:aws:states:us-east-1:123456789012:execution:machine:00aa',
        error: 'Superseded',
        cause: 'Build 00ab took its place.',
      },
    ]);
    const { executions: absent } = machine(new ExecutionDoesNotExist(problem));
    expect(await absent.stop('00aa', 'Cancelled', '')).toBe(false);
    await expect(machine(new Error('throttled')).executions.stop('00aa', 'Cancelled', '')).rejects.toThrow('throttled');
  });

  it('that is not there is absent, and not when it cannot be asked for', async () => {
    expect(await machine(new ExecutionDoesNotExist(problem)).executions.status('00aa')).toBe('absent');
    await expect(machine(new Error('throttled')).executions.status('00aa')).rejects.toThrow('throttled');
  });
});
