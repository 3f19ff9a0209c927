import { SendTaskSuccessCommand, SFNClient, TaskDoesNotExist, TaskTimedOut } from '@aws-sdk/client-sfn';
import { once } from '../../core/once.ts';

/** The states that wait until somebody who has their token says that they may go on. */
export function createTaskTokens(client: SFNClient) {
  return {
    /** Does nothing if the state waits no more. */
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
