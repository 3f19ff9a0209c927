import * as z from 'zod';
import { describeCause, personName } from '../builds/describe-build.ts';
import type { Build } from '../model/build.ts';
import type { HoldChange } from '../model/hold.ts';

/** What Slipway tells the account's event bus, for whoever deploys images or wants to know of releases. docs/published-events.md */

/** The `source` of the events. */
export const eventSource = 'slipway';

/** Rises when a field is taken away or means something else; new fields may come without. */
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

/** By `detail-type`: the `detail` of the events. */
export const publishedEventSchemas = {
  'Slipway Image Released': releasedSchema,
  'Slipway Image Rolled Back': rolledBackSchema,
  'Slipway Releases Held': heldSchema,
  'Slipway Releases Unheld': heldSchema.omit({ until: true }),
} as const;

export type DetailType = keyof typeof publishedEventSchemas;
export type PublishedEvent = {
  [Type in DetailType]: { type: Type; detail: z.infer<(typeof publishedEventSchemas)[Type]> };
}[DetailType];

/** What the end of a build means to who deploys its image; undefined if nothing was released. */
export function eventOfBuild(build: Build, siteUrl: string): PublishedEvent | undefined {
  const { id, project, status, image, cause, commit, ref, endedAt } = build;
  if (status !== 'released' || !image || endedAt === undefined) return undefined;
  const common = { version: 1 as const, id, project, image, at: endedAt, url: `${siteUrl}/builds/${id}` };
  if (cause.type !== 'rollback') {
    return { type: 'Slipway Image Released', detail: { ...common, commit, ref, why: describeCause(cause) } };
  }
  const { from, requester, reason } = cause;
  return { type: 'Slipway Image Rolled Back', detail: { ...common, from, by: personName(requester), reason } };
}

/** What a change of a hold means; undefined for a rollback, whose build says it. */
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
