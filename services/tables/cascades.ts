import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { type CascadeMember, cascadeMemberSchema } from '../../core/cascade/member.ts';
import { type CascadeProgress, progressOf } from '../../core/cascade/progress.ts';
import { type Cause, causeSchema } from '../../core/model/build.ts';
import { RecordConflictError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import type { Page, PageRequest } from './page.ts';
import { expiryAfter, tableOf } from './table.ts';

const eventSchema = z.object({ event: z.string(), cause: causeSchema, at: z.iso.datetime() });
const cancellationSchema = z.object({ by: z.string(), at: z.iso.datetime(), reason: z.string().optional() });
const headerSchema = z.object({
  id: z.string(),
  startedAt: z.iso.datetime(),
  /** Who stopped it: nothing of it is built any more. */
  cancelled: cancellationSchema.optional(),
});
const answerSchema = z.object({ cascade: z.string() });
const openSchema = cascadeMemberSchema.pick({ project: true, state: true });

export type Cancellation = z.infer<typeof cancellationSchema>;
export type CascadeHeader = z.infer<typeof headerSchema>;

export interface CascadeSummary extends CascadeHeader, Omit<CascadeProgress, 'changedAt'> {
  /** The event that started it and those that joined it, in the order received. */
  causes: { event: string; cause: Cause; at: string }[];
  /** Absent while a member waits or builds. */
  endedAt?: string | undefined;
}

/** So long cascades are listed. */
const keptDays = 400;
/** Longer than a trigger can be delivered again. */
const answerDays = 30;
/** A cascade's own items sort before its members, because no project's name begins with a dot. */
const headerMember = '.';
const causeMember = '.cause ';
const firstMember = '0';

/** The part of the cascades table that the pages show: cascades, the events that started them, and their members. */
export function createCascades(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);
  const putOnce = (item: Record<string, unknown>) => table.put(item, expression`attribute_not_exists(id)`);
  const membersOf = (id: string) => expression`id = ${id} AND #member >= ${firstMember}`;

  /** The event that started a cascade and those that joined it, in the order received. */
  async function causes(id: string): Promise<CascadeSummary['causes']> {
    const keys = expression`id = ${id} AND begins_with(#member, ${causeMember})`;
    const found = await table.all({ keys, consistent: true }, eventSchema);
    return found.sort((one, other) => (one.at < other.at ? -1 : 1));
  }

  async function header(id: string): Promise<CascadeHeader | undefined> {
    // The table also has items for the pipeline's own use, under other keys. These have no header.
    return table.get({ id, member: headerMember }, headerSchema.optional().catch(undefined));
  }

  const itemOf = (cascade: string, member: CascadeMember) => ({
    ...member,
    id: cascade,
    member: member.project,
    expiresAt: expiryAfter(keptDays),
  });

  return {
    causes,
    header,

    /** Those of the cascades that were cancelled. */
    async cancelledAmong(ids: Iterable<string>): Promise<Set<string>> {
      const headers = await table.getMany(
        [...new Set(ids)].map((id) => ({ id, member: headerMember })),
        headerSchema,
      );
      return new Set(headers.filter(({ cancelled }) => cancelled).map(({ id }) => id));
    },

    /** Records who cancelled a cascade; the first one stays. False if there is no such cascade. */
    async cancel(id: string, by: Cancellation): Promise<boolean> {
      const key = { id, member: headerMember };
      return table.update(key, { setOnce: { cancelled: by } }, expression`attribute_exists(startedAt)`);
    },

    /** The members that wait or are built. */
    async openMembers(id: string): Promise<string[]> {
      const members = { keys: membersOf(id), fields: ['project', 'state'], consistent: true };
      const all = await table.all(members, openSchema);
      return all.filter(({ state }) => state === 'waiting' || state === 'building').map(({ project }) => project);
    },

    /** The cascade that answers the event, if one is recorded. */
    async answerTo(event: string): Promise<string | undefined> {
      return (await table.get({ id: `event ${event}`, member: headerMember }, answerSchema))?.cascade;
    },

    /** Records which cascade answers the event: the first one recorded stays. */
    async answerWith(event: string, cascade: string): Promise<string> {
      if (await putOnce({ id: `event ${event}`, member: headerMember, cascade, expiresAt: expiryAfter(answerDays) }))
        return cascade;
      const recorded = await this.answerTo(event);
      if (recorded === undefined) throw new RecordConflictError(`No cascade is recorded for the event ${event}.`);
      return recorded;
    },

    /** Records that the event is a part of the cascade, and begins the cascade if it is new. */
    async recordEvent(cascade: string, event: { id: string; cause: Cause; at: string }): Promise<void> {
      const { at } = event;
      const expiresAt = expiryAfter(keptDays);
      await putOnce({ id: cascade, member: headerMember, listed: 'yes', startedAt: at, expiresAt });
      await putOnce({
        id: cascade,
        member: causeMember + event.id,
        event: event.id,
        cause: event.cause,
        at,
        expiresAt,
      });
    },

    /** Adds members that the cascade does not have yet. */
    addMembers: (cascade: string, members: readonly CascadeMember[]): Promise<void> =>
      table.putMany(members.map((member) => itemOf(cascade, member))),

    /** Records a member's state, unless a newer one is recorded. */
    async putMember(cascade: string, member: CascadeMember): Promise<void> {
      await table.put(itemOf(cascade, member), expression`attribute_not_exists(id) OR version <= ${member.version}`);
    },

    /** Newest first. */
    list(request: PageRequest): Promise<Page<CascadeHeader>> {
      const keys = expression`listed = ${'yes'}`;
      return table.page({ index: 'byStart', keys, newestFirst: true }, request, headerSchema);
    },

    /** One cascade: the events that started and joined it, and the progress of those members that count. */
    async summary(id: string, counts = (_: CascadeMember) => true): Promise<CascadeSummary | undefined> {
      const known = await header(id);
      if (!known) return undefined;
      const members = await table.all({ keys: membersOf(id), consistent: true }, cascadeMemberSchema);
      const { changedAt, ...progress } = progressOf(members.filter(counts), known.startedAt);
      const isOver = !progress.counts.waiting && !progress.counts.building;
      return { ...known, ...progress, causes: await causes(id), endedAt: isOver ? changedAt : undefined };
    },

    /** Ordered by name. */
    members(id: string, request: PageRequest): Promise<Page<CascadeMember>> {
      return table.page({ keys: membersOf(id), consistent: true }, request, cascadeMemberSchema);
    },
  };
}

export type Cascades = ReturnType<typeof createCascades>;

export const openCascades = once(() => createCascades(documentClient(), variable('CASCADES_TABLE')));
