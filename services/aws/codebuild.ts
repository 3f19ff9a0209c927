import {
  CodeBuildClient,
  InvalidInputException,
  ResourceNotFoundException,
  StopBuildCommand,
} from '@aws-sdk/client-codebuild';
import { once } from '../../core/once.ts';

/** What CodeBuild runs. The state machine begins its builds; here they are ended before their time. */
export function createCodeBuild(client: CodeBuildClient) {
  return {
    /** Also right for a build that has ended, or that nobody knows any more. */
    async stop(id: string): Promise<void> {
      try {
        await client.send(new StopBuildCommand({ id }));
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException || error instanceof InvalidInputException)) throw error;
      }
    },
  };
}

export type CodeBuild = ReturnType<typeof createCodeBuild>;

export const openCodeBuild = once(() => createCodeBuild(new CodeBuildClient({})));
