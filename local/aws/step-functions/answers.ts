import type { Execution, HistoryEvent } from './journal.ts';

/** One page of a list, and where the next begins. */
export function pageOf<Item>(
  maxResults: number | undefined,
  nextToken: string | undefined,
  read: (limit: number, offset: number) => Item[],
) {
  const limit = maxResults || 100;
  const offset = Number(nextToken ?? 0);
  const items = read(limit + 1, offset);
  return { items: items.slice(0, limit), next: items.length > limit ? { nextToken: String(offset + limit) } : {} };
}

/** An execution as ListExecutions shows it. */
export function summaryOf({ arn, machineArn, name, status, startedAt, stoppedAt }: Execution) {
  return {
    executionArn: arn,
    stateMachineArn: machineArn,
    name,
    status,
    startDate: startedAt / 1000,
    stopDate: stoppedAt === undefined ? undefined : stoppedAt / 1000,
  };
}

/** An execution as DescribeExecution shows it. */
export function describeExecution(execution: Execution) {
  const { input, output, error, cause } = execution;
  return {
    ...summaryOf(execution),
    input,
    inputDetails: { included: true },
    output,
    outputDetails: output === undefined ? undefined : { included: true },
    error,
    cause,
    redriveCount: 0,
  };
}

/** `TaskStateEntered` has its details in `stateEnteredEventDetails`, as every kind of state has; other events have their own. */
export function describeEvent({ id, previousEventId, timestamp, type, details }: HistoryEvent) {
  const kind = /State(Entered|Exited)$/.exec(type)?.[0] ?? type;
  const member = `${kind.charAt(0).toLowerCase()}${kind.slice(1)}EventDetails`;
  return { id, previousEventId, timestamp: timestamp / 1000, type, [member]: details };
}
