import type { Build, TerminalStatus } from '../model/build.ts';
import type { ExecutionError } from './failure.ts';

/** In these states a build may be superseded or cancelled. One that already sets its tags goes on to its end. */
export const stoppableStatuses = ['queued', 'building', 'scanning'] as const;

/** What Step Functions knows of a build's execution: `absent` if it never began, `aborted` if it was stopped. */
export type ExecutionStatus = 'running' | 'ended' | 'aborted' | 'absent';

/** How to end a build whose execution did not end it. */
export interface UnplannedEnd {
  outcome: 'failed' | 'cancelled';
  error: ExecutionError;
}

/** A younger build may be between two writes of the step that works on it. */
const settledMilliseconds = 10 * 60_000;
/** How long after its creation a build's end is still notified. A build may wait and run for three days. */
const notifiableMilliseconds = 5 * 24 * 3_600_000;

/**
 * How to end a build whose execution ended outside the state machine's own Catch. A superseded build is closed before its execution is
 * stopped; so an aborted execution with an open build was cancelled.
 */
export function endOfExecution(
  status: 'FAILED' | 'TIMED_OUT' | 'ABORTED',
  error: string | null | undefined,
  cause: string | null | undefined,
): UnplannedEnd {
  return {
    outcome: status === 'ABORTED' ? 'cancelled' : 'failed',
    error: { Error: error ?? `Execution.${status}`, Cause: cause ?? undefined },
  };
}

export type Reconciliation =
  /** The build's execution works on it. */
  | { do: 'leave' }
  /** Start the execution that the build never got. If its project is gone, end it like `otherwise`. */
  | { do: 'resume'; otherwise: UnplannedEnd }
  | ({ do: 'end' } & UnplannedEnd);

/** What to do with a build that is recorded as running. */
export function reconciliationOf(execution: ExecutionStatus): Reconciliation {
  switch (execution) {
    case 'running':
      return { do: 'leave' };
    case 'absent':
      return {
        do: 'resume',
        otherwise: { outcome: 'failed', error: { Error: 'ProjectGoneError', Cause: 'The project is gone.' } },
      };
    case 'aborted':
      return { do: 'end', outcome: 'cancelled', error: {} };
    case 'ended':
      return { do: 'end', outcome: 'failed', error: { Error: 'ExecutionEndedError' } };
  }
}

/** What a reconciliation concerns: builds created, ended or stalled before `settled`, and notifications of builds since `oldestNotifiable`. */
export function reconciledTimes(now: Date): { settled: string; oldestNotifiable: string } {
  return {
    settled: new Date(now.getTime() - settledMilliseconds).toISOString(),
    oldestNotifiable: new Date(now.getTime() - notifiableMilliseconds).toISOString(),
  };
}

/** Whether people were not notified of a build's end although there was time for it: the sender crashed, or SES was down. */
export function isNotificationOverdue(
  { notifiedAt, endedAt }: Pick<Build, 'notifiedAt' | 'endedAt'>,
  settled: string,
): boolean {
  return notifiedAt === undefined && endedAt !== undefined && endedAt < settled;
}

/** The status that a build is closed with. One with all its tags set is released, whatever went wrong after that. */
export function closingStatus({ image }: Pick<Build, 'image'>, outcome: UnplannedEnd['outcome']): TerminalStatus {
  return image ? 'released' : outcome;
}
