import { SendTaskSuccessCommand, SFNClient, TaskDoesNotExist, TaskTimedOut } from '@aws-sdk/client-sfn';
import { once } from '../../core/once.ts';

/** Lets a state go on that waits for a call with its token. */
export function createTaskTokens(client: SFNClient) {
  return {
    /** Does nothing if the state no longer waits. */
    async succeed(token: string): Promise<void> {
      try {
        await client.send(new SendTaskSuccessCommand({ taskToken: token, output: '{}' }));
      } catch (error) {
        if (!(error instanceof TaskTimedOut || error instanceof TaskDoesNotExist)) throw error;
      }
    },
  };
}

export type TaskTokens = ReturnType<typeof createTaskTokens>;

export const openTaskTokens = once(() => createTaskTokens(new SFNClient({})));
