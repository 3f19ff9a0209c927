import type { DeliveryOutcome, TargetState } from '../targets/target-state.ts';
import { oneLine } from '../text/one-line.ts';

type Rollout = NonNullable<TargetState['rollout']>;

/** A deployment of a service as ECS describes it. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html */
export interface Deployment {
  id?: string | undefined;
  status?: string | undefined;
  rolloutState?: string | undefined;
  rolloutStateReason?: string | undefined;
  failedTasks?: number | undefined;
}

/** A command of Systems Manager. https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html */
export interface Command {
  status: string;
  /** The status in more detail. */
  details: string;
  servers: number;
  /** What the first server that failed printed last. */
  failure?: { server: string; output: string } | undefined;
}

/** Without a circuit breaker ECS starts tasks for ever, and says of none that it has failed. */
const longestMinutes = 30;

const isLate = ({ startedAt }: Rollout, now: Date) => now.getTime() - Date.parse(startedAt) > longestMinutes * 60_000;

/** What has become of a deployment of ECS that was begun for a release. */
export function deploymentOutcome(rollout: Rollout, deployments: readonly Deployment[], now: Date): DeliveryOutcome {
  const own = deployments.find(({ id }) => id === rollout.id);
  if (own?.rolloutState === 'COMPLETED') return { kind: 'delivered' };
  if (own?.rolloutState === 'FAILED') {
    const reason = oneLine(own.rolloutStateReason ?? 'ECS does not say why', 500).replace(/\.$/, '');
    return failed(`The deployment ${rollout.id} failed: ${reason}`);
  }
  if (own === undefined || own.status !== 'PRIMARY') {
    return failed(
      `Another deployment took the place of ${rollout.id}: the circuit breaker, or somebody else, deployed the service meanwhile`,
    );
  }
  if (!isLate(rollout, now)) return { kind: 'rolling', rollout };
  return failed(
    `The service is not steady ${longestMinutes} minutes after it was updated (${own.failedTasks ?? 0} tasks failed), and goes on trying. Give it a deployment circuit breaker, which goes back by itself`,
  );
}

/** What has become of a command on servers that was sent for a release. */
export function commandOutcome(rollout: Rollout, command: Command | undefined, now: Date): DeliveryOutcome {
  const { status = 'Pending', details = 'Pending', servers = 0, failure } = command ?? {};
  if (status === 'Success' && servers > 0) return { kind: 'delivered' };
  if (['Pending', 'InProgress', 'Cancelling'].includes(status)) {
    if (!isLate(rollout, now)) return { kind: 'rolling', rollout };
    return failed(`The command ${rollout.id} has not ended after ${longestMinutes} minutes (${details})`);
  }
  // The command succeeds where no server has the tag.
  if (servers === 0) return failed('No server that Systems Manager manages has the tag');
  const output = failure && oneLine(failure.output.trim().split('\n').slice(-3).join(' '), 500).replace(/\.$/, '');
  return failed(
    failure
      ? `${failure.server} failed (${details}): ${output || 'it printed nothing'}`
      : `The command ${rollout.id} ended as ${details}`,
  );
}

/** Not retried by itself: the next release may work, or this one after a person has put the service right. */
function failed(error: string): DeliveryOutcome {
  return { kind: 'failed', error, isFinal: true };
}
