import {
  CodeBuildClient,
  InvalidInputException,
  ResourceNotFoundException,
  StopBuildCommand,
} from '@aws-sdk/client-codebuild';
import { once } from '../../core/once.ts';

/** The builds in CodeBuild. The state machine starts them; this stops them early. */
export function createCodeBuild(client: CodeBuildClient) {
  return {
    /** Does nothing for a build that has ended, or that CodeBuild no longer knows. */
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
