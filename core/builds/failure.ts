import { z } from 'zod';
import type { Build } from '../model/build.ts';
import type { BuildResult } from '../model/builder-contract.ts';

/** What a Catch of the state machine, or the event about its end, hands over. `Cause` is text, often JSON, and may be cut. */
export const executionErrorSchema = z.object({ Error: z.string().optional(), Cause: z.string().optional() });

export type ExecutionError = z.infer<typeof executionErrorSchema>;

const codebuildSchema = z.object({
  BuildStatus: z.string().optional(),
  Build: z.object({ BuildStatus: z.string() }).optional(),
});
const lambdaSchema = z.object({ errorType: z.string(), errorMessage: z.string() });

/** The reason stands in the build's record, and an item that DynamoDB finds too large would keep the build from ever ending. */
const longestMessage = 4000;
const longestName = 100;

/** Why a build failed, for its owner: what the builder itself said, else what can be read out of the error. */
export function failureOf(result: BuildResult | undefined, error: ExecutionError): NonNullable<Build['failure']> {
  if (result?.outcome === 'failed') {
    return { error: result.error.slice(0, longestName), message: result.message.slice(0, longestMessage) };
  }
  const cause = json(error.Cause);
  const codebuild = codebuildSchema.safeParse(cause).data;
  const status = codebuild?.Build?.BuildStatus ?? codebuild?.BuildStatus;
  switch (status) {
    case 'TIMED_OUT':
      return { error: 'BuildTimeoutError', message: 'CodeBuild ended the build because it took too long.' };
    case 'STOPPED':
      return { error: 'BuildStoppedError', message: 'The build was stopped. Push again to start it anew.' };
    case 'FAILED':
    case 'FAULT':
      return {
        error: 'BuilderError',
        message: `CodeBuild says ${status}, and the builder left no reason. Its log may have one.`,
      };
  }
  const lambda = lambdaSchema.safeParse(cause).data;
  if (lambda) {
    return { error: lambda.errorType.slice(0, longestName), message: lambda.errorMessage.slice(0, longestMessage) };
  }
  return {
    error: error.Error ?? 'ExecutionEndedError',
    message:
      error.Cause?.slice(0, longestMessage) ??
      'The pipeline ended without giving a reason. Push again to start the build anew.',
  };
}

/** What became of a build whose execution an operator stopped, with the words that they left. */
export function cancellationOf({ Cause }: ExecutionError): NonNullable<Build['failure']> {
  const words = Cause?.slice(0, longestMessage);
  return {
    error: 'BuildCancelledError',
    message: `An operator stopped the build${words ? `: ${words}` : '. Push again to start it anew.'}`,
  };
}

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}
