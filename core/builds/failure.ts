import * as z from 'zod';
import type { Build } from '../model/build.ts';
import { type BuildResult, registryLimitErrors } from '../model/builder-contract.ts';
import { oneLine } from '../text/one-line.ts';
import { parseJson } from '../text/parse-json.ts';
import { cancelledError, personName } from './describe-build.ts';

/** The input of a Catch of the state machine, or of the event about its end. `Cause` is text, often JSON, and may be truncated. */
export const executionErrorSchema = z.object({ Error: z.string().optional(), Cause: z.string().optional() });

export type ExecutionError = z.infer<typeof executionErrorSchema>;

const codebuildSchema = z.object({
  BuildStatus: z.string().optional(),
  Build: z
    .object({
      BuildStatus: z.string(),
      Phases: z.array(z.object({ PhaseType: z.string(), PhaseStatus: z.string().optional() })).optional(),
    })
    .optional(),
});
const lambdaSchema = z.object({ errorType: z.string(), errorMessage: z.string() });

/** The build's record contains the message. If DynamoDB refused the record as too large, the build could never end. */
const longestMessage = 4000;
const longestName = 100;

/** The errors of a build that CodeBuild did not begin: its queue was full all the time, or the build waited in it for too long. */
export const notBegun = { queueFull: 'QueueFullError', queuedTooLong: 'QueuedTooLongError' } as const;

/** A tag of a base image was moved while the build looked it up on several machines. */
export const baseMovedError = 'BaseMovedError';

const noMachine =
  'No machine was free for the build within a day. Nothing is wrong with it: the quota of this AWS account for builds that run at once is too low. ' +
  'Whoever runs this pipeline can have it raised; then have the build started again.';

/** Why a build failed, for its owner: the builder's own message, else what the execution's error says. */
export function failureOf(result: BuildResult | undefined, error: ExecutionError): NonNullable<Build['failure']> {
  const cause = parseJson(error.Cause ?? '');
  const codebuild = codebuildSchema.safeParse(cause).data;
  // First of all: the result is of an earlier attempt then.
  if (error.Error === 'CodeBuild.AccountLimitExceededException') {
    return { error: notBegun.queueFull, message: noMachine };
  }
  const isQueuedTooLong = codebuild?.Build?.Phases?.some(
    ({ PhaseType, PhaseStatus }) => PhaseType === 'QUEUED' && PhaseStatus === 'TIMED_OUT',
  );
  if (isQueuedTooLong) return { error: notBegun.queuedTooLong, message: noMachine };
  if (result?.outcome === 'failed') {
    return { error: result.error.slice(0, longestName), message: result.message.slice(0, longestMessage) };
  }
  const status = codebuild?.Build?.BuildStatus ?? codebuild?.BuildStatus;
  switch (status) {
    case 'TIMED_OUT':
      return { error: 'BuildTimeoutError', message: 'CodeBuild ended the build because it took too long.' };
    case 'STOPPED':
      return { error: 'BuildStoppedError', message: 'The build was stopped. Push again to start a new one.' };
    case 'FAILED':
    case 'FAULT':
      return {
        error: 'BuilderError',
        message: `CodeBuild reports ${status}, and the builder gave no reason. The build log may contain one.`,
      };
  }
  const lambda = lambdaSchema.safeParse(cause).data;
  if (lambda) {
    return { error: lambda.errorType.slice(0, longestName), message: lambda.errorMessage.slice(0, longestMessage) };
  }
  return {
    error: error.Error ?? 'ExecutionEndedError',
    message:
      readable(error.Cause)?.slice(0, longestMessage) ??
      'The pipeline ended without giving a reason. Push again to start a new build.',
  };
}

/** Whether another attempt at the same commit may succeed: the failure has nothing to do with the project. */
export function isPassing(error: string): boolean {
  return (
    [...registryLimitErrors, ...Object.values(notBegun), baseMovedError, 'PushFailedError'] as readonly string[]
  ).includes(error);
}

/** The failure of a build whose execution an operator stopped, with the reason that they gave. */
export function cancellationOf({ Cause }: ExecutionError): NonNullable<Build['failure']> {
  const reason = Cause?.slice(0, longestMessage);
  return {
    error: cancelledError,
    message: `An operator stopped the build${reason ? `: ${reason}` : '. Push again to start a new one.'}`,
  };
}

/** The failure of a build that somebody cancelled by the command. */
export function cancelledBy(
  requester: string,
  reason: string | undefined,
  what: 'build' | 'cascade' = 'build',
): NonNullable<Build['failure']> {
  const why = reason === undefined ? '.' : `: ${oneLine(reason, longestMessage)}`;
  return { error: cancelledError, message: `${personName(requester) || 'Somebody'} cancelled the ${what}${why}` };
}

/** JSON is for programs: CodeBuild's also has the environment of the build's machine. */
function readable(cause: string | undefined): string | undefined {
  return cause?.trimStart().startsWith('{') ? undefined : cause;
}

/** The reason of a failure without what the program printed last, for where that is shown in another way. */
export function withoutOutput(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ Its last lines:$/, '');
}
