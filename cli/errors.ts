/** How a command ends. */
export const exitCodes = { done: 0, negative: 1, usage: 2, unreachable: 3 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What the exit codes mean to people. docs/cli.md has them too. */
export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'Done, or the answer is yes.',
  1: 'The answer is no: it failed, was blocked or refused, or is not proven.',
  2: 'The call is wrong, or names what is not there.',
  3: 'There is no deployment, registry or host that answers, or it does not let you in.',
};

/** Ends the command. The message says what is wrong and what to do, and is all that people see. */
export abstract class CommandError extends Error {
  abstract readonly exitCode: ExitCode;
}

/** What was asked for is not done, and must not be or cannot be. */
export class RefusedError extends CommandError {
  override readonly name = 'RefusedError';
  override readonly exitCode = exitCodes.negative;
}

/** The call is wrong, or names what is not there. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
  override readonly exitCode = exitCodes.usage;
}

/** Slipway or AWS cannot be reached, or does not let the caller in. */
export class DeploymentError extends CommandError {
  override readonly name = 'DeploymentError';
  override readonly exitCode = exitCodes.unreachable;
}
