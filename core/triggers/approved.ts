import { createHash } from 'node:crypto';
import type { TriggerOf } from '../model/trigger.ts';
import type { Delivery } from './event-form.ts';

/**
 * Every comment that Slipway writes contains this mark, and a comment with it is never read as a command. Slipway's own account may
 * approve, and its comments quote text of untrusted users.
 */
export const commentMark = '<!-- slipway';

/**
 * A command is on a line of its own. The commit must be given in full: with seven digits, anybody can make a second commit that matches
 * in seconds and push it after the comment.
 */
const approval = /^\/ok-to-test(?:[ \t]+([0-9a-f]{64}|[0-9a-f]{40}|\S{1,100}))?[ \t]*$/m;

/** A comment on a pull request, as it was first written: people other than its author may edit it later. */
interface Written {
  id: number;
  /** The pull request's. */
  number: number;
  body: string | null;
  author: string;
}

/** Undefined for a comment that approves nothing. */
export function approvalTrigger(
  { id, number, body, author }: Written,
  { source }: Delivery,
): TriggerOf<'approval'> | undefined {
  if (!body || body.includes(commentMark)) return undefined;
  const [line, named = ''] = approval.exec(body.replaceAll('\r\n', '\n')) ?? [];
  if (line === undefined) return undefined;
  const commit = named.toLowerCase();
  // Two webhooks deliver one comment under two ids, and two hosts may give two comments one id.
  const repository = createHash('sha256').update(source).digest('hex').slice(0, 16);
  return {
    type: 'approval',
    id: `approval:${repository}:${id}`,
    source,
    number,
    commit: /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit) ? commit : undefined,
    approver: author,
  };
}
