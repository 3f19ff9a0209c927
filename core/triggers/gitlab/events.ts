import * as z from 'zod/mini';
import { approvalTrigger } from '../approved.ts';
import { type Delivery, type EventForm, reader } from '../event-form.ts';
import { pushTrigger } from '../pushed.ts';

const sha = z.string().check(z.regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/));
const iid = z.int().check(z.positive());
const username = z.string().check(z.regex(/^[\w.-]{1,255}$/));

/** A push to a branch or a tag. https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events */
const pushSchema = z.object({
  ref: z.string().check(z.maxLength(1024)),
  after: sha,
  user_username: z.optional(z.string()),
});

/** https://docs.gitlab.com/user/project/integrations/webhook_events/#merge-request-events */
const mergeRequestSchema = z.object({
  object_attributes: z.object({
    iid,
    action: z.optional(z.string()),
    /** The head before; it is there only if an update has brought commits. */
    oldrev: z.optional(z.string()),
    last_commit: z.object({ id: sha }),
  }),
  changes: z.optional(z.object({ target_branch: z.optional(z.object({})) })),
});

/** Whether the merge request is open after it. */
const actions = new Map([
  ['open', true],
  ['reopen', true],
  ['close', false],
  ['merge', false],
]);

/** An update of a title, a label or a reviewer starts nothing. */
function mergeRequestTrigger(event: z.infer<typeof mergeRequestSchema>, { id, source }: Delivery) {
  const { iid: number, action = '', oldrev, last_commit } = event.object_attributes;
  const isMoved = action === 'update' && (oldrev !== undefined || event.changes?.target_branch !== undefined);
  const isOpen = isMoved || actions.get(action);
  if (isOpen === undefined) return undefined;
  const expected = { commit: last_commit.id, isOpen };
  return { type: 'pull-request' as const, id, source, number, expected };
}

/** https://docs.gitlab.com/user/project/integrations/webhook_events/#comment-events */
const noteSchema = z.object({
  user: z.object({ username }),
  object_attributes: z.object({
    id: z.int(),
    note: z.nullable(z.string()),
    noteable_type: z.string(),
    /** Whether GitLab wrote it itself, for a change of a label or the like. */
    system: z.optional(z.boolean()),
    /** Absent in versions that have no events of edited comments. */
    action: z.optional(z.string()),
  }),
  merge_request: z.optional(z.object({ iid })),
});

function noteTrigger({ user, object_attributes, merge_request }: z.infer<typeof noteSchema>, delivery: Delivery) {
  const { id, note: body, noteable_type, system, action = 'create' } = object_attributes;
  if (action !== 'create' || system || noteable_type !== 'MergeRequest' || !merge_request) return undefined;
  return approvalTrigger({ id, number: merge_request.iid, body, author: user.username }, delivery);
}

const projectSchema = z.object({ project: z.object({ git_http_url: z.string().check(z.maxLength(2048)) }) });

const push = reader(pushSchema, ({ ref, after, user_username = '' }, delivery) =>
  pushTrigger({ ref, after, pusher: user_username }, delivery),
);

/** The events of GitLab, of a project's webhook or its group's. */
export const gitlabEvents: EventForm = {
  // The event's own id may be the same for what one event has caused. https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers
  headers: { event: ['x-gitlab-event'], delivery: ['idempotency-key', 'webhook-id', 'x-gitlab-event-uuid'] },
  repositoryOf: (payload) => projectSchema.safeParse(payload).data?.project.git_http_url,
  readers: {
    'Push Hook': push,
    'Tag Push Hook': push,
    'Merge Request Hook': reader(mergeRequestSchema, mergeRequestTrigger),
    'Note Hook': reader(noteSchema, noteTrigger),
  },
};
