import * as z from 'zod';
import { describeCause, personName } from '../builds/describe-build.ts';
import { type Build, isReleasable } from '../model/build.ts';
import type { HoldChange } from '../model/hold.ts';
import type { NotifiedEvent } from '../model/notify-url.ts';
import { oneLine } from '../text/one-line.ts';

/** What Slipway tells the account's event bus, for whoever deploys images or wants to know of releases. docs/published-events.md */

/** The `source` of the events. */
export const eventSource = 'slipway';

/** Rises when a field is removed or changes its meaning. A new field does not raise it. */
const version = z.literal(1);
const project = z.string().describe('The project, as `app-id/job-id:desired-tag`.');
const by = z.string().describe('Who asked for it.');
const reason = z.string().optional().describe('Why, in the words of who asked for it.');

const imageSchema = z.object({
  repository: z.string().describe("The repository, with the registry's host."),
  digest: z.string().describe('The digest: `sha256:` and 64 hexadecimal digits.'),
  tags: z.array(z.string()).describe('The tags that name the image now.'),
});

const releasedSchema = z.object({
  version,
  id: z.string().describe('The build. An event may come twice; it is one release as long as this is the same.'),
  project,
  image: imageSchema,
  commit: z.string().describe('The commit that it was built from.'),
  ref: z.string().describe('The branch or tag: `refs/heads/main`.'),
  why: z.string().describe('Why it was built, for people.'),
  at: z.iso.datetime(),
  url: z.string().describe("The build's page."),
});

const rolledBackSchema = z.object({
  version,
  id: z
    .string()
    .describe('The build of the rollback. An event may come twice; it is one rollback as long as this is the same.'),
  project,
  image: imageSchema.describe('The earlier release that the tags name now.'),
  from: z.string().describe('The digest that they named before.'),
  by,
  reason,
  at: z.iso.datetime(),
  url: z.string().describe("The build's page."),
});

const heldSchema = z.object({
  version,
  id: z.string().describe('An event may come twice; it is one change as long as this is the same.'),
  project,
  by,
  until: z.iso.date().optional().describe('The last day of the hold, in UTC.'),
  reason,
  at: z.iso.datetime(),
});

const endedSchema = z.object({
  version,
  id: z.string().describe('The build. An event may come twice; it is one end of a build as long as this is the same.'),
  project,
  commit: z.string().describe('The commit that was built.'),
  ref: z.string().describe('The branch or tag: `refs/heads/main`.'),
  why: z.string().describe('Why it was built, for people.'),
  at: z.iso.datetime(),
  url: z.string().describe("The build's page."),
});

const blockedSchema = endedSchema.extend({
  reasons: z
    .array(z.string())
    .describe('The first reasons why the policy does not let it be released, a sentence each.'),
});

const failedSchema = endedSchema.extend({
  error: z.string().describe('The kind of error: `DockerfileFailedError`.'),
  message: z.string().describe('What happened, and what to do next.'),
});

/** By `detail-type`: the `detail` of the events. */
export const publishedEventSchemas = {
  'Slipway Image Released': releasedSchema,
  'Slipway Image Rolled Back': rolledBackSchema,
  'Slipway Releases Held': heldSchema,
  'Slipway Releases Unheld': heldSchema.omit({ until: true }),
  'Slipway Build Blocked': blockedSchema,
  'Slipway Build Failed': failedSchema,
} as const;

const eventOf = <Type extends DetailType>(type: Type) =>
  z.object({ type: z.literal(type), detail: publishedEventSchemas[type] });

export const publishedEventSchema = z.discriminatedUnion('type', [
  eventOf('Slipway Image Released'),
  eventOf('Slipway Image Rolled Back'),
  eventOf('Slipway Releases Held'),
  eventOf('Slipway Releases Unheld'),
  eventOf('Slipway Build Blocked'),
  eventOf('Slipway Build Failed'),
]);

export type DetailType = keyof typeof publishedEventSchemas;
export type PublishedEvent = z.infer<typeof publishedEventSchema>;

const names: Record<DetailType, NotifiedEvent> = {
  'Slipway Image Released': 'released',
  'Slipway Image Rolled Back': 'rolled-back',
  'Slipway Releases Held': 'held',
  'Slipway Releases Unheld': 'unheld',
  'Slipway Build Blocked': 'blocked',
  'Slipway Build Failed': 'failed',
};

/** The name by which an entry of the index chooses the event. */
export function notifiedEventOf({ type }: PublishedEvent): NotifiedEvent {
  return names[type];
}

const mostReasons = 10;

/**
 * The event of a build's end, for programs that deploy its image or wait for it; undefined if it means nothing to them. The end of a pull
 * request's build is a status at the git host.
 */
export function eventOfBuild(build: Build, siteUrl: string): PublishedEvent | undefined {
  const { id, project, status, image, cause, commit, ref, endedAt, verdict, failure } = build;
  if (endedAt === undefined) return undefined;
  const common = { version: 1 as const, id, project, at: endedAt, url: `${siteUrl}/builds/${id}` };
  if (status === 'released' && image && cause.type === 'rollback') {
    const { from, requester, reason } = cause;
    return { type: 'Slipway Image Rolled Back', detail: { ...common, image, from, by: personName(requester), reason } };
  }
  const built = { ...common, commit, ref, why: describeCause(cause) };
  if (status === 'released' && image) return { type: 'Slipway Image Released', detail: { ...built, image } };
  if (!isReleasable(ref)) return undefined;
  if (status === 'blocked') {
    const reasons = (verdict?.reasons ?? []).slice(0, mostReasons).map((reason) => oneLine(reason, 500));
    return { type: 'Slipway Build Blocked', detail: { ...built, reasons } };
  }
  return status === 'failed' && failure
    ? { type: 'Slipway Build Failed', detail: { ...built, error: failure.error, message: failure.message } }
    : undefined;
}

/** The event of a change of a hold; undefined for a rollback, whose build has an event. */
export function eventOfHold({
  id,
  project,
  action,
  by: who,
  until,
  reason,
  at,
}: HoldChange): PublishedEvent | undefined {
  const common = { version: 1 as const, id, project, by: personName(who), reason, at };
  switch (action) {
    case 'held':
      return { type: 'Slipway Releases Held', detail: { ...common, until } };
    case 'unheld':
      return { type: 'Slipway Releases Unheld', detail: common };
    case 'rolled back':
      return undefined;
  }
}

/** The JSON Schema of all details, by their type. */
export function publishedEventsSchema(): object {
  const details = Object.entries(publishedEventSchemas).map(([type, schema]) => [type, z.toJSONSchema(schema)]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'The events that Slipway puts on the event bus, by their detail-type',
    $defs: Object.fromEntries(details),
  };
}
