import * as z from 'zod/mini';
import type { TriggerOf } from '../model/trigger.ts';
import type { Delivery } from './webhook.ts';

const sha = z.string().check(z.regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/));
/** Null for a deleted account. */
const user = z.nullable(z.object({ login: z.string() }));
const actions = ['opened', 'synchronize', 'reopened', 'closed'] as const;

/**
 * The part of GitHub's pull request event that matters here.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
 */
export const pullRequestEventSchema = z.object({
  action: z.string(),
  number: z.int().check(z.positive()),
  /** What was edited; `base` if the pull request now targets another branch. */
  changes: z.optional(z.object({ base: z.optional(z.object({})) })),
  pull_request: z.object({
    head: z.object({ sha, repo: z.nullable(z.object({ id: z.int() })) }),
    base: z.object({ ref: z.string().check(z.maxLength(1024)) }),
    user,
    updated_at: z.iso.datetime(),
  }),
  repository: z.object({ id: z.int() }),
});

/** Undefined for an event that changes nothing to build: a label, a review, another title. So it is on a host without GitHub's API. */
export function pullRequestTrigger(
  { action, number, changes, pull_request, repository: { id: baseId } }: z.infer<typeof pullRequestEventSchema>,
  { id, receivedAt, source, repository: repositoryOf }: Delivery,
): TriggerOf<'pull-request'> | undefined {
  // A pull request with a new target branch is built like one with new commits.
  const effectiveAction = action === 'edited' && changes?.base ? 'synchronize' : action;
  const known = actions.find((each) => each === effectiveAction);
  const repository = known && repositoryOf();
  if (!repository) return undefined;
  return {
    type: 'pull-request',
    id,
    receivedAt: receivedAt.toISOString(),
    changedAt: pull_request.updated_at,
    source,
    repository,
    number,
    action: known,
    commit: pull_request.head.sha,
    baseRef: pull_request.base.ref,
    // The repository of a deleted fork is null.
    fork: pull_request.head.repo?.id !== baseId,
    author: pull_request.user?.login.slice(0, 100) ?? 'ghost',
  };
}
