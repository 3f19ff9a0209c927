import type { TriggerType } from './sender.ts';

/**
 * The queues that triggers wait in, each with planners of its own, so that none holds up another: `triggers` for what people push or ask
 * for, and for the ends of builds, which make room for what was pushed; `pull requests` for what anybody can cause; `background` for what
 * the pipeline itself calls for, such as the thousands of steps of a cascade.
 */
export const triggerQueues = ['triggers', 'pull requests', 'background'] as const;
export type TriggerQueue = (typeof triggerQueues)[number];

/** A new kind of trigger does not compile without a queue: none that anybody can cause gets among the trusted ones unnoticed. */
const queues: Readonly<Record<TriggerType, TriggerQueue>> = {
  push: 'triggers',
  'source-moved': 'triggers',
  manual: 'triggers',
  rerun: 'triggers',
  rollback: 'triggers',
  hold: 'triggers',
  unhold: 'triggers',
  cancel: 'triggers',
  'cancel-cascade': 'triggers',
  'build-ended': 'triggers',
  'pull-request': 'pull requests',
  approval: 'pull requests',
  'cascade-step': 'background',
  'bases-changed': 'background',
  'packages-changed': 'background',
  schedule: 'background',
};

export const queueOf = (type: TriggerType): TriggerQueue => queues[type];
