import * as z from 'zod/mini';
import { approveAction, pullRequestOfCheck } from '../../git-host/check-actions.ts';
import { buildIdForm } from '../../model/build-id-form.ts';
import { approvalTrigger } from '../approved.ts';
import { type Delivery, type EventForm, reader } from '../event-form.ts';
import { pushTrigger } from '../pushed.ts';
import { pushForm, scanPushEvent } from './push-scanner.ts';

const sha = z.string().check(z.regex(pushForm.commit));
const number = z.int().check(z.positive());

/**
 * The part of a push event that matters here; the rest, up to 2,048 commits, is not read. Forgejo says who pushed by `login`.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
 */
const pushSchema = z.object({
  ref: z.string().check(z.maxLength(pushForm.longestRef)),
  after: sha,
  pusher: z.object({ name: z.optional(z.string()), login: z.optional(z.string()) }),
});

/** Whether the pull request is open after it. `synchronized` is Forgejo's word. */
const actions = new Map([
  ['opened', true],
  ['synchronize', true],
  ['synchronized', true],
  ['reopened', true],
  ['closed', false],
]);

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request */
const pullRequestSchema = z.object({
  action: z.string(),
  number,
  /** What was edited; `base` if the pull request now targets another branch, for which Forgejo writes `ref`. */
  changes: z.nullish(z.object({ base: z.optional(z.object({})), ref: z.optional(z.object({})) })),
  pull_request: z.object({ head: z.object({ sha }) }),
});

/** An event that changes nothing to build, such as a label, a review or another title, starts nothing. */
function pullRequestTrigger(event: z.infer<typeof pullRequestSchema>, { id, source }: Delivery) {
  const { action, number, changes, pull_request } = event;
  // A pull request with a new target branch is built like one with new commits.
  const isRetargeted = action === 'edited' && (changes?.base || changes?.ref);
  const isOpen = actions.get(isRetargeted ? 'synchronize' : action);
  if (isOpen === undefined) return undefined;
  const expected = { commit: pull_request.head.sha, isOpen };
  return { type: 'pull-request' as const, id, source, number, expected };
}

/**
 * The comment event; `pull_request` is present if the issue is a pull request.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#issue_comment
 */
const commentSchema = z.object({
  action: z.string(),
  issue: z.object({ number, pull_request: z.nullish(z.object({})) }),
  comment: z.object({
    id: z.int(),
    body: z.nullable(z.string()),
    /** Forgejo does not say what type of account it is. */
    user: z.nullable(
      z.object({ login: z.string().check(z.regex(/^[\w.[\]-]{1,100}$/)), type: z.optional(z.string()) }),
    ),
  }),
});

function commentTrigger({ action, issue, comment }: z.infer<typeof commentSchema>, delivery: Delivery) {
  const { id, body, user } = comment;
  const isOfPerson = user !== null && (user.type ?? 'User') === 'User';
  if (action !== 'created' || !issue.pull_request || !isOfPerson) return undefined;
  return approvalTrigger({ id, number: issue.number, body, author: user.login }, delivery);
}

/**
 * The buttons of a check run, whose `external_id` says what it is of (core/git-host/check-run.ts).
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run
 */
const checkRunSchema = z.object({
  action: z.string(),
  check_run: z.object({ head_sha: sha, external_id: z.nullish(z.string().check(z.maxLength(1000))) }),
  requested_action: z.nullish(z.object({ identifier: z.string() })),
  sender: z.object({ login: z.string().check(z.regex(/^[\w.[\]-]{1,100}$/)) }),
});

function checkRunTrigger(
  { action, check_run, requested_action, sender }: z.infer<typeof checkRunSchema>,
  delivery: Delivery,
) {
  const { head_sha: commit, external_id: of } = check_run;
  const number = pullRequestOfCheck(of ?? '');
  if (
    action === 'requested_action' &&
    requested_action?.identifier === approveAction.identifier &&
    number !== undefined
  )
    return { type: 'approval' as const, ...delivery, number, commit, approver: sender.login };
  const isOfBuild = of && isBuildId.test(of);
  return action === 'rerequested' && isOfBuild
    ? { type: 'rerun' as const, ...delivery, of: { build: of }, requester: sender.login }
    : undefined;
}

/**
 * The button "Re-run all checks".
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_suite
 */
const checkSuiteSchema = z.object({
  action: z.string(),
  check_suite: z.object({ head_sha: sha }),
  sender: checkRunSchema.shape.sender,
});

function checkSuiteTrigger({ action, check_suite, sender }: z.infer<typeof checkSuiteSchema>, delivery: Delivery) {
  if (action !== 'rerequested') return undefined;
  return { type: 'rerun' as const, ...delivery, of: { commit: check_suite.head_sha }, requester: sender.login };
}

const isBuildId = new RegExp(`^${buildIdForm}$`);
const repositorySchema = z.object({
  repository: z.object({ clone_url: z.string().check(z.maxLength(pushForm.longestAddress)) }),
});
/** The ping of an organisation's webhook names no repository, and neither does what happens to an app's installation. */
const organizationSchema = z.object({
  organization: z.object({ login: z.string().check(z.regex(/^[\w.-]{1,100}$/)) }),
});

const installationSchema = z.object({ installation: z.object({ account: organizationSchema.shape.organization }) });

/** The events of GitHub, which Forgejo and Gitea write too, but for a few words. */
export const githubEvents: EventForm = {
  headers: { event: ['x-github-event'], delivery: ['x-github-delivery'] },
  scan(event, body) {
    const push = event === 'push' ? scanPushEvent(body) : undefined;
    return push && { repository: push.address, triggerFor: (delivery) => pushTrigger(push, delivery) };
  },
  repositoryOf: (payload) => repositorySchema.safeParse(payload).data?.repository.clone_url,
  organizationOf: (payload) =>
    organizationSchema.safeParse(payload).data?.organization.login ??
    installationSchema.safeParse(payload).data?.installation.account.login,
  readers: {
    push: reader(pushSchema, ({ ref, after, pusher }, delivery) =>
      pushTrigger({ ref, after, pusher: pusher.name ?? pusher.login ?? '' }, delivery),
    ),
    pull_request: reader(pullRequestSchema, pullRequestTrigger),
    issue_comment: reader(commentSchema, commentTrigger),
    check_run: reader(checkRunSchema, checkRunTrigger),
    check_suite: reader(checkSuiteSchema, checkSuiteTrigger),
  },
};
