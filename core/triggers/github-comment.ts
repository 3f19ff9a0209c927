import * as z from 'zod/mini';
import type { TriggerOf } from '../model/trigger.ts';
import type { Delivery } from './webhook.ts';

/**
 * Every comment that Slipway writes contains this mark, and a comment with it is never read as a command. Slipway's own account may
 * approve, and its comments quote text of untrusted users.
 */
export const commentMark = '<!-- slipway';

/**
 * The part of GitHub's comment event that matters here; `pull_request` is present if the issue is a pull request.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#issue_comment
 */
export const commentEventSchema = z.object({
  action: z.string(),
  issue: z.object({ number: z.int().check(z.positive()), pull_request: z.optional(z.object({})) }),
  comment: z.object({
    id: z.int(),
    body: z.nullable(z.string()),
    user: z.nullable(z.object({ login: z.string().check(z.regex(/^[\w.[\]-]{1,100}$/)), type: z.string() })),
  }),
});

/**
 * A command is on a line of its own. The commit must be given in full: with seven digits, anybody can make a second commit that matches
 * in seconds and push it after the comment.
 */
const approval = /^\/ok-to-test(?:[ \t]+([0-9a-f]{64}|[0-9a-f]{40}|\S{1,100}))?[ \t]*$/m;

/** Undefined for a comment that approves nothing. Only new comments count, because others than the author may edit an old one. */
export function approvalTrigger(
  { action, issue, comment }: z.infer<typeof commentEventSchema>,
  { source }: Delivery,
): TriggerOf<'approval'> | undefined {
  const { id, body, user } = comment;
  if (action !== 'created' || !issue.pull_request || !body || user?.type !== 'User') return undefined;
  if (body.includes(commentMark)) return undefined;
  const [line, named = ''] = approval.exec(body.replaceAll('\r\n', '\n')) ?? [];
  if (line === undefined) return undefined;
  const commit = named.toLowerCase();
  return {
    type: 'approval',
    // Two webhooks deliver one comment under two ids.
    id: `approval:${id}`,
    source,
    number: issue.number,
    commit: /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit) ? commit : undefined,
    approver: user.login,
  };
}
