import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';

/** The state machine's executions: one for each build, named by its id, so that starting twice starts once. */
export function createExecutions(client: SFNClient, stateMachineArn: string) {
  return {
    async start(build: string): Promise<void> {
      try {
        await client.send(
          new StartExecutionCommand({ stateMachineArn, name: build, input: JSON.stringify({ build }) }),
        );
      } catch (error) {
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
      }
    },

    /** `absent` if the build never got its execution. */
    async status(build: string): Promise<'running' | 'ended' | 'absent'> {
      const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${build}`;
      try {
        const { status } = await client.send(new DescribeExecutionCommand({ executionArn }));
        return status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'running' : 'ended';
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return 'absent';
        throw error;
      }
    },
  };
}

export type Executions = ReturnType<typeof createExecutions>;
