import * as z from 'zod/mini';
import type { TriggerOf } from '../model/trigger.ts';
import type { Delivery } from './webhook.ts';

const sha = z.string().check(z.regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/));
/** Whether the pull request is open after it. */
const actions = new Map([
  ['opened', true],
  ['synchronize', true],
  ['reopened', true],
  ['closed', false],
]);

/**
 * The part of GitHub's pull request event that matters here.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
 */
export const pullRequestEventSchema = z.object({
  action: z.string(),
  number: z.int().check(z.positive()),
  /** What was edited; `base` if the pull request now targets another branch. */
  changes: z.optional(z.object({ base: z.optional(z.object({})) })),
  pull_request: z.object({ head: z.object({ sha }) }),
});

/** Undefined for an event that changes nothing to build: a label, a review, another title. */
export function pullRequestTrigger(
  { action, number, changes, pull_request }: z.infer<typeof pullRequestEventSchema>,
  { id, source }: Delivery,
): TriggerOf<'pull-request'> | undefined {
  // A pull request with a new target branch is built like one with new commits.
  const isOpen = actions.get(action === 'edited' && changes?.base ? 'synchronize' : action);
  if (isOpen === undefined) return undefined;
  return {
    type: 'pull-request',
    id,
    source,
    number,
    expected: { commit: pull_request.head.sha, isOpen },
  };
}
