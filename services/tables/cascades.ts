import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandOutput,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { outcomes } from '../../core/cascade/rebuild-state.ts';
import { type Cause, causeSchema } from '../../core/model/build.ts';
import { RecordConflictError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { monthBefore, monthOf, monthsListed } from '../../core/time/month.ts';
import { variable } from '../environment.ts';
import { writeItems } from './batches.ts';
import { documentClient, ifConditionHolds } from './dynamodb.ts';
import { decodeCursor, encodeCursor, type Page, type PageRequest } from './page.ts';

export const memberStates = ['waiting', 'building', ...outcomes] as const;

/** A project's part in a cascade, as people read it. What is true of a project stands in services/tables/rebuilds.ts. */
export const cascadeMemberSchema = z.object({
  project: z.string(),
  state: z.enum(memberStates),
  /** Those of its parents that the cascade rebuilds first. */
  parents: z.array(z.string()),
  /** Concerned itself, and not only through its parents. */
  root: z.boolean(),
  build: z.string().optional(),
  reason: z.string().optional(),
  since: z.iso.datetime(),
  /** That of the project's state when it was written: an older telling never takes the place of a newer one. */
  version: z.int(),
});

const newsSchema = z.object({ news: z.string(), cause: causeSchema, at: z.iso.datetime() });
const headerSchema = z.object({ id: z.string(), startedAt: z.iso.datetime() });
const keySchema = z.record(z.string(), z.string());

export type CascadeMember = z.infer<typeof cascadeMemberSchema>;
export type CascadeHeader = z.infer<typeof headerSchema>;
export type MemberState = CascadeMember['state'];

export interface CascadeSummary extends CascadeHeader {
  /** What set it off and what joined it, in the order of coming. */
  causes: { news: string; cause: Cause; at: string }[];
  /** How many members are in each state; states that none is in are absent. */
  counts: Partial<Record<MemberState, number>>;
  /** Absent while a member waits or builds. */
  endedAt?: string;
}

/** A little longer than they are listed. */
const keptDays = 400;
/** Longer than a trigger can come again. */
const answerDays = 30;
/** A cascade's own items sort before its members: no project's name begins with a dot. */
const headerMember = '.';
const causeMember = (news: string) => `.cause ${news}`;

/** The cascades table as people read it: cascades, what set them off, and their members. */
export function createCascades(client: DynamoDBDocumentClient, tableName: string) {
  async function* itemsOf(id: string, from: string, projection?: string): AsyncGenerator<Record<string, unknown>> {
    let start: Record<string, unknown> | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: 'id = :id AND #member >= :from',
          ExpressionAttributeNames: {
            '#member': 'member',
            ...(projection ? { '#state': 'state', '#since': 'since' } : {}),
          },
          ExpressionAttributeValues: { ':id': id, ':from': from },
          ...(projection ? { ProjectionExpression: projection } : {}),
          ConsistentRead: true,
          ExclusiveStartKey: start,
        }),
      );
      yield* Items;
      start = LastEvaluatedKey;
    } while (start);
  }

  function putOnce(item: Record<string, unknown>): Promise<boolean> {
    return ifConditionHolds(
      client.send(
        new PutCommand({ TableName: tableName, Item: item, ConditionExpression: 'attribute_not_exists(id)' }),
      ),
    );
  }

  /** What set a cascade off and what joined it, in the order of coming. */
  async function causes(id: string): Promise<CascadeSummary['causes']> {
    const found: CascadeSummary['causes'] = [];
    for await (const item of itemsOf(id, '.cause ')) {
      if (!String(item.member).startsWith('.cause ')) break;
      found.push(newsSchema.parse(item));
    }
    return found.sort((one, other) => (one.at < other.at ? -1 : 1));
  }

  const itemOf = (cascade: string, member: CascadeMember) => ({
    ...member,
    id: cascade,
    member: member.project,
    expiresAt: inDays(keptDays),
  });

  return {
    causes,

    /** Which cascade answers the news, if that has been settled. */
    async answerTo(news: string): Promise<string | undefined> {
      const { Item } = await client.send(
        new GetCommand({ TableName: tableName, Key: { id: `news ${news}`, member: '.' }, ConsistentRead: true }),
      );
      return Item && z.object({ cascade: z.string() }).parse(Item).cascade;
    },

    /** Settles which cascade answers the news: the first to say it is right for ever. */
    async answerWith(news: string, cascade: string): Promise<string> {
      if (await putOnce({ id: `news ${news}`, member: '.', cascade, expiresAt: inDays(answerDays) })) return cascade;
      const settled = await this.answerTo(news);
      if (settled === undefined) throw new RecordConflictError(`Nobody knows which cascade answers ${news}.`);
      return settled;
    },

    /** Notes that the news is a part of the cascade, and begins it if it is new. */
    async note(cascade: string, news: { id: string; cause: Cause; at: string }): Promise<void> {
      const { at } = news;
      const expiresAt = inDays(keptDays);
      await putOnce({ id: cascade, member: headerMember, month: at.slice(0, 7), startedAt: at, expiresAt });
      await putOnce({ id: cascade, member: causeMember(news.id), news: news.id, cause: news.cause, at, expiresAt });
    },

    /** Members that the cascade did not have yet. */
    addMembers: (cascade: string, members: readonly CascadeMember[]): Promise<void> =>
      writeItems(
        client,
        tableName,
        members.map((member) => itemOf(cascade, member)),
      ),

    /** What has become of a member, unless something newer is known. */
    async tellOf(cascade: string, member: CascadeMember): Promise<void> {
      await ifConditionHolds(
        client.send(
          new PutCommand({
            TableName: tableName,
            Item: itemOf(cascade, member),
            ConditionExpression: 'attribute_not_exists(id) OR version <= :version',
            ExpressionAttributeValues: { ':version': member.version },
          }),
        ),
      );
    },

    /** Newest first, month by month as far back as the list goes. */
    async list({ limit, cursor }: PageRequest, now = new Date()): Promise<Page<CascadeHeader>> {
      const oldest = monthOf(now, monthsListed);
      const page: Page<CascadeHeader> = { items: [] };
      let position: z.infer<typeof positionSchema> | undefined =
        cursor === undefined ? { month: monthOf(now) } : decodeCursor(positionSchema, cursor);
      while (position && page.items.length < limit) {
        const { Items = [], LastEvaluatedKey }: QueryCommandOutput = await client.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: 'byMonth',
            KeyConditionExpression: '#month = :month',
            ExpressionAttributeNames: { '#month': 'month' },
            ExpressionAttributeValues: { ':month': position.month },
            ScanIndexForward: false,
            Limit: limit - page.items.length,
            ExclusiveStartKey: position.after,
          }),
        );
        page.items.push(...Items.map((item) => headerSchema.parse(item)));
        if (LastEvaluatedKey) position = { month: position.month, after: keySchema.parse(LastEvaluatedKey) };
        else position = position.month > oldest ? { month: monthBefore(position.month) } : undefined;
      }
      if (position) page.cursor = encodeCursor(position);
      return page;
    },

    /** One cascade: what set it off, and how far it is. */
    async summary(id: string): Promise<CascadeSummary | undefined> {
      const { Item } = await client.send(
        new GetCommand({ TableName: tableName, Key: { id, member: headerMember }, ConsistentRead: true }),
      );
      // What is kept under other keys for the pipeline's own use has no header.
      const header = headerSchema.safeParse(Item);
      if (!header.success) return undefined;
      const counts: CascadeSummary['counts'] = {};
      let last = header.data.startedAt;
      for await (const item of itemsOf(id, '0', '#state, #since')) {
        const { state, since } = cascadeMemberSchema.pick({ state: true, since: true }).parse(item);
        counts[state] = (counts[state] ?? 0) + 1;
        if (since > last) last = since;
      }
      const isOver = !counts.waiting && !counts.building;
      return {
        ...header.data,
        causes: await causes(id),
        counts,
        ...(isOver ? { endedAt: last } : {}),
      };
    },

    /** By name. */
    async members(id: string, { limit, cursor }: PageRequest): Promise<Page<CascadeMember>> {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: 'id = :id AND #member >= :first',
          ExpressionAttributeNames: { '#member': 'member' },
          ExpressionAttributeValues: { ':id': id, ':first': '0' },
          Limit: limit,
          ExclusiveStartKey: cursor === undefined ? undefined : decodeCursor(keySchema, cursor),
          ConsistentRead: true,
        }),
      );
      const page: Page<CascadeMember> = { items: Items.map((item) => cascadeMemberSchema.parse(item)) };
      if (LastEvaluatedKey) page.cursor = encodeCursor(LastEvaluatedKey);
      return page;
    },
  };
}

export type Cascades = ReturnType<typeof createCascades>;

export const openCascades = once(() => createCascades(documentClient(), variable('CASCADES_TABLE')));

const positionSchema = z.object({ month: z.string().regex(/^\d{4}-\d{2}$/), after: keySchema.optional() });

/** The second until which something is kept. */
const inDays = (days: number) => Math.floor(Date.now() / 1000) + days * 86_400;
