import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { ExecutionStatus } from '../../core/builds/build-end.ts';
import { type Build, firstStepOf } from '../../core/model/build.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';

/** The state machine's executions: one for each build, named by the build's id, so that starting a build twice starts it once. */
export function createExecutions(client: SFNClient, stateMachineArn: string) {
  const arnOf = (build: string) => `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${build}`;

  return {
    async start(build: Pick<Build, 'id' | 'cause' | 'status' | 'platforms'>): Promise<void> {
      const { id, platforms } = build;
      const input = JSON.stringify({ build: id, first: firstStepOf(build), platforms });
      try {
        await client.send(new StartExecutionCommand({ stateMachineArn, name: id, input }));
      } catch (error) {
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
      }
    },

    async status(build: string): Promise<ExecutionStatus> {
      try {
        const { status } = await client.send(new DescribeExecutionCommand({ executionArn: arnOf(build) }));
        if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return 'running';
        return status === 'ABORTED' ? 'aborted' : 'ended';
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return 'absent';
        throw error;
      }
    },

    /**
     * Stops a build's execution; the AWS console shows `error` and `cause`. Does nothing if it has ended.
     * @returns false if it never began
     */
    async stop(build: string, error: 'Superseded' | 'Cancelled', cause: string): Promise<boolean> {
      try {
        await client.send(new StopExecutionCommand({ executionArn: arnOf(build), error, cause }));
        return true;
      } catch (error) {
        if (!(error instanceof ExecutionDoesNotExist)) throw error;
        return false;
      }
    },
  };
}

export type Executions = ReturnType<typeof createExecutions>;

export const openExecutions = once(() => createExecutions(new SFNClient({}), variable('STATE_MACHINE_ARN')));
