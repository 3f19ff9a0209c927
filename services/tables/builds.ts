import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import {
  type Build,
  type BuildStatus,
  buildSchema,
  runningStatuses,
  type Stage,
  type StageName,
  type TerminalStatus,
} from '../../core/model/build.ts';
import { RecordConflictError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { monthBefore, monthOf, monthsListed } from '../../core/time/month.ts';
import { variable } from '../environment.ts';
import { documentClient, ifConditionHolds } from './dynamodb.ts';
import { decodeCursor, encodeCursor, type Page, type PageRequest } from './page.ts';

type Fields = Partial<
  Pick<Build, 'candidate' | 'image' | 'verdict' | 'scanners' | 'changes' | 'failure' | 'startedAt' | 'supersededBy'>
>;

/** No shorter than a function that tells may run, so that nobody else tells meanwhile. */
const tellingMilliseconds = 90_000;
const keySchema = z.record(z.string(), z.string());

/** The builds table. Conditional writes see to it that a build ends once, and that no step takes it back from its end. */
export function createBuilds(client: DynamoDBDocumentClient, tableName: string) {
  async function get(id: string): Promise<Build | undefined> {
    const { Item } = await client.send(new GetCommand({ TableName: tableName, Key: { id }, ConsistentRead: true }));
    return Item && buildSchema.parse(Item);
  }

  type Change = Omit<UpdateCommandInput, 'TableName' | 'Key' | 'ReturnValues'>;

  /** The build as it is after the change; undefined if the change's condition does not hold. */
  async function update(id: string, change: Change): Promise<Build | undefined> {
    try {
      const command = new UpdateCommand({ TableName: tableName, Key: { id }, ReturnValues: 'ALL_NEW', ...change });
      return buildSchema.parse((await client.send(command)).Attributes);
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }

  async function query(
    index: string,
    key: string,
    value: string,
    { limit, cursor }: PageRequest,
    status?: string,
  ): Promise<Page<Build>> {
    const page: Page<Build> = { items: [] };
    let start = cursor === undefined ? undefined : decodeCursor(keySchema, cursor);
    do {
      const result = await client.send(
        new QueryCommand({
          TableName: tableName,
          IndexName: index,
          KeyConditionExpression: '#key = :value',
          ExpressionAttributeNames: { '#key': key, ...(status ? { '#status': 'status' } : {}) },
          ExpressionAttributeValues: { ':value': value, ...(status ? { ':status': status } : {}) },
          ...(status ? { FilterExpression: '#status = :status' } : {}),
          ScanIndexForward: false,
          Limit: limit - page.items.length,
          ExclusiveStartKey: start,
        }),
      );
      page.items.push(...(result.Items ?? []).map((item) => buildSchema.parse(item)));
      start = result.LastEvaluatedKey as Record<string, string> | undefined;
    } while (start && page.items.length < limit);
    if (start) page.cursor = encodeCursor(start);
    return page;
  }

  return {
    get,

    /** @throws RecordConflictError if there is no such build */
    async require(id: string): Promise<Build> {
      const build = await get(id);
      if (!build) throw new RecordConflictError(`There is no build ${id}.`);
      return build;
    },

    /** False if the build is there already. */
    create(build: Build): Promise<boolean> {
      return ifConditionHolds(
        client.send(
          new PutCommand({
            TableName: tableName,
            Item: { ...build, month: build.createdAt.slice(0, 7) },
            ConditionExpression: 'attribute_not_exists(id)',
          }),
        ),
      );
    },

    /**
     * Moves a build on that has not ended, and begins a stage; the first beginning counts when a step runs twice.
     * Undefined if the build is not in one of the statuses that it may come from.
     */
    begin(
      id: string,
      stage: StageName,
      status: (typeof runningStatuses)[number],
      from: readonly BuildStatus[] = runningStatuses,
    ) {
      const now = new Date().toISOString();
      return update(id, {
        UpdateExpression:
          'SET #status = :status, stages.#stage = if_not_exists(stages.#stage, :begun), startedAt = if_not_exists(startedAt, :now)',
        ConditionExpression: `#status IN (${from.map((_, at) => `:from${at}`).join(', ')})`,
        ExpressionAttributeNames: { '#status': 'status', '#stage': stage },
        ExpressionAttributeValues: {
          ':status': status,
          ':begun': { status: 'running', startedAt: now },
          ':now': now,
          ...numbered('from', from),
        },
      });
    },

    /**
     * Ends a stage that was begun; `fields` are what it found out.
     * @throws RecordConflictError if the stage was never begun
     */
    async endStage(id: string, stage: StageName, outcome: 'succeeded' | 'failed', fields: Fields = {}): Promise<Build> {
      const build = await update(id, {
        UpdateExpression: `SET ${['stages.#stage.#status = :outcome', 'stages.#stage.endedAt = :now', ...assignments(fields)].join(', ')}`,
        ConditionExpression: 'attribute_exists(stages.#stage)',
        ExpressionAttributeNames: { '#stage': stage, '#status': 'status', ...attributeNames(fields) },
        ExpressionAttributeValues: {
          ':outcome': outcome,
          ':now': new Date().toISOString(),
          ...attributeValues(fields),
        },
      });
      if (!build) throw new RecordConflictError(`The stage ${stage} of build ${id} was never begun.`);
      return build;
    },

    /** Has a build do without the cache that is asked so after its record was made. */
    async forgoCache(id: string): Promise<Build> {
      const build = await update(id, {
        UpdateExpression: 'SET noCache = :true',
        ConditionExpression: 'attribute_exists(id)',
        ExpressionAttributeValues: { ':true': true },
      });
      if (!build) throw new RecordConflictError(`There is no build ${id}.`);
      return build;
    },

    /** Notes which run of CodeBuild's has the build; undefined if there is no such build. */
    noteCodeBuild(id: string, codeBuildId: string): Promise<Build | undefined> {
      return update(id, {
        UpdateExpression: 'SET codeBuildId = :codeBuildId',
        ConditionExpression: 'attribute_exists(id)',
        ExpressionAttributeValues: { ':codeBuildId': codeBuildId },
      });
    },

    /**
     * Gives a build its end, and whatever stage of it still ran. Undefined if it has one already: the first end stays.
     * @param build as it was read last
     * @param from in which of the statuses it may be
     */
    close(
      build: Build,
      status: TerminalStatus,
      fields: Fields = {},
      from: readonly BuildStatus[] = runningStatuses,
    ): Promise<Build | undefined> {
      const now = new Date().toISOString();
      const outcome = stageAtEnd(status);
      const stages = Object.fromEntries(
        Object.entries(build.stages).map(([name, stage]) => [
          name,
          stage.status === 'running' ? { ...stage, status: outcome, endedAt: now } : stage,
        ]),
      );
      return update(build.id, {
        UpdateExpression: `SET ${['#status = :status', 'endedAt = :now', 'stages = :stages', ...assignments(fields)].join(', ')}`,
        ConditionExpression: `#status IN (${from.map((_, at) => `:from${at}`).join(', ')})`,
        ExpressionAttributeNames: { '#status': 'status', ...attributeNames(fields) },
        ExpressionAttributeValues: {
          ':status': status,
          ':now': now,
          ':stages': stages,
          ...attributeValues(fields),
          ...numbered('from', from),
        },
      });
    },

    /** Takes the telling of a build's end for itself, for as long as its Lambda can run; undefined if it is told or being told. */
    claimTelling(id: string, now = new Date()): Promise<Build | undefined> {
      return update(id, {
        UpdateExpression: 'SET tellingUntil = :until, stages.tell = if_not_exists(stages.tell, :begun)',
        ConditionExpression:
          'attribute_exists(id) AND attribute_not_exists(toldAt) AND (attribute_not_exists(tellingUntil) OR tellingUntil < :now)',
        ExpressionAttributeValues: {
          ':now': now.toISOString(),
          ':until': new Date(now.getTime() + tellingMilliseconds).toISOString(),
          ':begun': { status: 'running', startedAt: now.toISOString() },
        },
      });
    },

    /** Gives the telling back after it went wrong, so that the next try need not wait. */
    async releaseTelling(id: string): Promise<void> {
      await update(id, { UpdateExpression: 'REMOVE tellingUntil' });
    },

    async markTold(id: string): Promise<void> {
      await update(id, {
        UpdateExpression:
          'SET toldAt = :now, stages.tell.#status = :status, stages.tell.endedAt = :now REMOVE tellingUntil',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':now': new Date().toISOString(), ':status': 'succeeded' },
      });
    },

    /** Newest first, of all projects, month by month as far back as the list goes. */
    async recent({ limit, cursor }: PageRequest): Promise<Page<Build>> {
      const start = cursor === undefined ? { month: monthOf(new Date()) } : decodeCursor(positionSchema, cursor);
      const oldest = monthOf(new Date(), monthsListed);
      const page: Page<Build> = { items: [] };
      let position: z.infer<typeof positionSchema> | undefined = start;
      while (position && page.items.length < limit) {
        const part = await query('byMonth', 'month', position.month, {
          limit: limit - page.items.length,
          cursor: position.cursor,
        });
        page.items.push(...part.items);
        position = part.cursor ? { ...position, cursor: part.cursor } : nextMonth(position.month, oldest);
      }
      if (position) page.cursor = encodeCursor(position);
      return page;
    },

    /** Newest first, of one project `app/job:tag`, all or those with one status. */
    ofProject(project: string, request: PageRequest, status?: BuildStatus): Promise<Page<Build>> {
      return query('byProject', 'project', project, request, status);
    },

    /** Newest first, of all projects. */
    withStatus(status: BuildStatus, request: PageRequest): Promise<Page<Build>> {
      return query('byStatus', 'status', status, request);
    },
  };
}

export type Builds = ReturnType<typeof createBuilds>;

export const openBuilds = once(() => createBuilds(documentClient(), variable('BUILDS_TABLE')));

/** What becomes of the stage that runs when a build ends: one that was taken from it neither succeeded nor failed. */
function stageAtEnd(status: TerminalStatus): Stage['status'] {
  if (status === 'superseded' || status === 'cancelled') return 'skipped';
  return status === 'failed' ? 'failed' : 'succeeded';
}

const assignments = (fields: Fields) => Object.keys(fields).map((name) => `#${name} = :${name}`);
const attributeNames = (fields: Fields) => Object.fromEntries(Object.keys(fields).map((name) => [`#${name}`, name]));
const attributeValues = (fields: Fields) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [`:${name}`, value]));
const numbered = (name: string, values: readonly string[]) =>
  Object.fromEntries(values.map((value, at) => [`:${name}${at}`, value]));

/** A place in the list of all builds. */
const positionSchema = z.object({ month: z.string().regex(/^\d{4}-\d{2}$/), cursor: z.string().optional() });

function nextMonth(month: string, oldest: string): z.infer<typeof positionSchema> | undefined {
  return month > oldest ? { month: monthBefore(month) } : undefined;
}
