import type { TriggerType } from './sender.ts';

/** The queues that triggers wait in. None holds up another: each has planners of its own. */
export const triggerQueues = ['triggers', 'pull requests', 'background'] as const;
export type TriggerQueue = (typeof triggerQueues)[number];

/** What anybody can cause, by a pull request or a comment. */
const untrusted: ReadonlySet<TriggerType> = new Set(['pull-request', 'approval']);
/** What the pipeline itself calls for: a large cascade alone has thousands, and nobody waits for one of them. */
const background: ReadonlySet<TriggerType> = new Set([
  'cascade-step',
  'build-ended',
  'bases-changed',
  'packages-changed',
  'schedule',
]);

/** What people push or ask for waits behind nothing but its like. */
export function queueOf(type: TriggerType): TriggerQueue {
  if (untrusted.has(type)) return 'pull requests';
  return background.has(type) ? 'background' : 'triggers';
}
