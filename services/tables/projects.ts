import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type NamedBase, namedBaseSchema } from '../../core/bases/base-status.ts';
import type { Build } from '../../core/model/build.ts';
import { RecordConflictError, ReleaseBusyError } from '../../core/model/errors.ts';
import { type Project, projectSchema } from '../../core/model/project.ts';
import { once } from '../../core/once.ts';
import { nextEnding } from '../../core/policy/waiver-expiry.ts';
import { firstDueAt } from '../../core/triggers/schedule.ts';
import { variable } from '../environment.ts';
import { readItems } from './batches.ts';
import { documentClient, ifConditionHolds } from './dynamodb.ts';
import { decodeCursor, encodeCursor, type Page, type PageRequest } from './page.ts';

/** A project with what the pipeline has done for it. */
export const projectRecordSchema = projectSchema.extend({
  /** How many builds the project has had. */
  sequence: z.int().default(0),
  /** The release that the floating tags name, and the place of its build among the project's. */
  released: z
    .object({
      build: z.string(),
      /** The branch that it is of. */
      ref: z.string().optional(),
      sequence: z.int(),
      headAt: z.string().optional(),
      digest: z.string(),
      tags: z.array(z.string()),
      at: z.string(),
    })
    .optional(),
  /** The push of the index that called for a build of this entry last: a second try of that push knows by it what the first began. */
  calledBy: z.object({ delivery: z.string(), change: z.enum(['added', 'changed']) }).optional(),
  /** What the newest build of the branch was seen to stand on, and that build's place among the project's. */
  bases: z.array(namedBaseSchema).optional(),
  basesSequence: z.int().optional(),
  /** When the push of the index came that the entry was written by last. */
  indexedAt: z.iso.datetime().optional(),
  /** What became of the newest candidate of the branch that was judged, and its build's place among the project's. */
  judged: z.object({ build: z.string(), outcome: z.enum(['pass', 'block']), sequence: z.int() }).optional(),
  /** Who puts tags on at this moment, and until when the claim holds. */
  releasing: z.object({ build: z.string(), until: z.string() }).optional(),
});

type JudgedBuild = Pick<Build, 'id' | 'project' | 'sequence'>;
type PutOptions = Pick<ProjectRecord, 'calledBy' | 'indexedAt'>;
export type ProjectRecord = z.infer<typeof projectRecordSchema>;

/** Longer than the release function may run, so that a claim outlives its holder and nobody else's. */
const claimMinutes = 16;
const keySchema = z.object({ name: z.string() });

/**
 * What says when people are to be told that an exception ends: the index `byExceptionEnd` has the first two, and the last is the claim of
 * who tells them, which a new entry takes away (services/tables/waiver-warnings.ts).
 */
const endingKeys = ['excepting', 'warnAt', 'warning'] as const;

/** What says when a project is due: the index `byDueTime` has the first two, and the last is the schedule that they are of. */
const dueKeys = ['scheduled', 'dueAt', 'dueFor'] as const;
const dueProjectSchema = z.object({ name: z.string(), schedule: z.string(), dueAt: z.iso.datetime() });
export type DueProject = z.infer<typeof dueProjectSchema>;

/** The projects table. */
export function createProjects(client: DynamoDBDocumentClient, tableName: string) {
  async function get(name: string): Promise<ProjectRecord | undefined> {
    const { Item } = await client.send(new GetCommand({ TableName: tableName, Key: { name }, ConsistentRead: true }));
    return Item && projectRecordSchema.parse(Item);
  }

  async function list({ limit, cursor }: PageRequest): Promise<Page<ProjectRecord>> {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new ScanCommand({
        TableName: tableName,
        Limit: limit,
        ExclusiveStartKey: cursor === undefined ? undefined : decodeCursor(keySchema, cursor),
      }),
    );
    const page: Page<ProjectRecord> = { items: Items.map((item) => projectRecordSchema.parse(item)) };
    if (LastEvaluatedKey) page.cursor = encodeCursor(LastEvaluatedKey);
    return page;
  }

  return {
    get,
    list,

    /** Those of the projects that are known. */
    async getMany(names: readonly string[]): Promise<ProjectRecord[]> {
      const keys = [...new Set(names)].map((name) => ({ name }));
      return (await readItems(client, tableName, keys)).map((item) => projectRecordSchema.parse(item));
    },

    async all(): Promise<ProjectRecord[]> {
      const projects: ProjectRecord[] = [];
      let cursor: string | undefined;
      do {
        const page = await list({ limit: 1000, cursor });
        projects.push(...page.items);
        cursor = page.cursor;
      } while (cursor);
      return projects;
    },

    /** The projects that are built from a repository (`host/owner/repository`). */
    async bySource(source: string): Promise<ProjectRecord[]> {
      const projects: ProjectRecord[] = [];
      let start: Record<string, unknown> | undefined;
      do {
        const result = await client.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: 'bySource',
            KeyConditionExpression: '#source = :source',
            ExpressionAttributeNames: { '#source': 'source' },
            ExpressionAttributeValues: { ':source': source },
            ExclusiveStartKey: start,
          }),
        );
        projects.push(...(result.Items ?? []).map((item) => projectRecordSchema.parse(item)));
        start = result.LastEvaluatedKey;
      } while (start);
      return projects;
    },

    /**
     * Writes what the index says of a project; what the pipeline keeps beside it stays.
     * @param from the push of the index that calls for a build of it, and when the index said so
     * @returns false if a newer index has written it: then nothing is changed
     */
    async put(project: Project, from: PutOptions = {}, now = new Date()): Promise<boolean> {
      const fields = projectSchema.parse(project);
      const schedule = project.active ? project.schedule : undefined;
      const warnAt = project.active ? nextEnding(project) : undefined;
      const ending = warnAt ? { excepting: 'yes', warnAt } : {};
      const unsaid = [...Object.keys(projectSchema.shape), ...endingKeys].filter(
        (key) => !(key in fields) && !(key in ending),
      );
      const entries = Object.entries({ ...fields, ...from, ...ending }).filter(([key]) => key !== 'name');
      const isNewest = from.indexedAt ? ['(attribute_not_exists(#indexedAt) OR #indexedAt <= :indexedAt)'] : [];
      const write = (set: [string, unknown][], remove: readonly string[], conditions = isNewest) =>
        ifConditionHolds(
          client.send(
            new UpdateCommand({
              TableName: tableName,
              Key: { name: project.name },
              UpdateExpression: [
                `SET ${set.map(([key]) => `#${key} = :${key}`).join(', ')}`,
                ...(remove.length > 0 ? [`REMOVE ${remove.map((key) => `#${key}`).join(', ')}`] : []),
              ].join(' '),
              ConditionExpression: conditions.length > 0 ? conditions.join(' AND ') : undefined,
              ExpressionAttributeNames: Object.fromEntries(
                [...set.map(([key]) => key), ...remove].map((key) => [`#${key}`, key]),
              ),
              ExpressionAttributeValues: Object.fromEntries(set.map(([key, value]) => [`:${key}`, value])),
            }),
          ),
        );
      if (!schedule) return write(entries, [...unsaid, ...dueKeys]);
      // A schedule that is new begins to run; one that the entry had before goes on as it was.
      const dueAt = firstDueAt(schedule, now);
      const due = Object.entries({ dueFor: schedule, ...(dueAt ? { dueAt, scheduled: 'yes' } : {}) });
      const isNew = '(attribute_not_exists(#dueFor) OR #dueFor <> :dueFor)';
      const never = dueAt ? [] : ['dueAt', 'scheduled'];
      return (await write([...entries, ...due], [...unsaid, ...never], [...isNewest, isNew])) || write(entries, unsaid);
    },

    /** Of the projects with a schedule, those whose hour has come; each page as it is read. */
    async *due(now: Date): AsyncGenerator<DueProject[]> {
      let start: Record<string, unknown> | undefined;
      do {
        const result = await client.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: 'byDueTime',
            KeyConditionExpression: 'scheduled = :yes AND dueAt <= :now',
            ExpressionAttributeValues: { ':yes': 'yes', ':now': now.toISOString() },
            ExclusiveStartKey: start,
          }),
        );
        yield (result.Items ?? []).map((item) => dueProjectSchema.parse(item));
        start = result.LastEvaluatedKey;
      } while (start);
    },

    /** Says when a project is due again, if it still is due as it was read; undefined for never. */
    async setDue({ name, dueAt }: DueProject, next: string | undefined): Promise<void> {
      await ifConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { name },
            // With `dueFor` left, the next push of the index does not have it fire once more.
            UpdateExpression: next ? 'SET dueAt = :next' : 'REMOVE dueAt, scheduled',
            ConditionExpression: 'dueAt = :known',
            ExpressionAttributeValues: { ':known': dueAt, ...(next ? { ':next': next } : {}) },
          }),
        ),
      );
    },

    /** Notes what a build was seen to stand on. False if a newer build has said it already. */
    noteBases(name: string, bases: readonly NamedBase[], sequence: number): Promise<boolean> {
      return ifConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { name },
            UpdateExpression: 'SET bases = :bases, basesSequence = :sequence',
            ConditionExpression:
              'attribute_exists(#name) AND (attribute_not_exists(basesSequence) OR basesSequence <= :sequence)',
            ExpressionAttributeNames: { '#name': 'name' },
            ExpressionAttributeValues: { ':bases': bases, ':sequence': sequence },
          }),
        ),
      );
    },

    /** The number of the project's next build. */
    async nextSequence(name: string): Promise<number> {
      const { Attributes } = await client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: { name },
          UpdateExpression: 'ADD #sequence :one',
          ConditionExpression: 'attribute_exists(#name)',
          ExpressionAttributeNames: { '#sequence': 'sequence', '#name': 'name' },
          ExpressionAttributeValues: { ':one': 1 },
          ReturnValues: 'UPDATED_NEW',
        }),
      );
      return z.object({ sequence: z.int() }).parse(Attributes).sequence;
    },

    /**
     * Notes the verdict on a candidate of the branch, unless a newer one has been judged.
     * @returns the project as it is by now
     */
    async noteVerdict(
      { id, project, sequence }: JudgedBuild,
      outcome: 'pass' | 'block',
    ): Promise<ProjectRecord | undefined> {
      try {
        const { Attributes } = await client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { name: project },
            UpdateExpression: 'SET judged = :judged',
            ConditionExpression:
              'attribute_exists(#name) AND (attribute_not_exists(judged) OR judged.#sequence <= :sequence)',
            ExpressionAttributeNames: { '#name': 'name', '#sequence': 'sequence' },
            ExpressionAttributeValues: { ':judged': { build: id, outcome, sequence }, ':sequence': sequence },
            ReturnValues: 'ALL_NEW',
          }),
        );
        return projectRecordSchema.parse(Attributes);
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return undefined;
      }
    },

    /**
     * Takes the project's tags for one build: as long as it has them, nobody else releases to the repository.
     * @throws ReleaseBusyError while another build holds them
     */
    async claimRelease(name: string, build: string, now = new Date()): Promise<ProjectRecord> {
      try {
        const { Attributes } = await client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { name },
            UpdateExpression: 'SET releasing = :claim',
            ConditionExpression:
              'attribute_exists(#name) AND (attribute_not_exists(releasing) OR releasing.#until < :now OR releasing.#build = :build)',
            ExpressionAttributeNames: { '#name': 'name', '#until': 'until', '#build': 'build' },
            ExpressionAttributeValues: {
              ':claim': { build, until: new Date(now.getTime() + claimMinutes * 60_000).toISOString() },
              ':now': now.toISOString(),
              ':build': build,
            },
            ReturnValues: 'ALL_NEW',
          }),
        );
        return projectRecordSchema.parse(Attributes);
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const project = await get(name);
        if (!project) throw new RecordConflictError(`There is no project ${name}.`);
        throw new ReleaseBusyError(`Build ${project.releasing?.build} is releasing ${name} at this moment.`);
      }
    },

    /** Gives the tags free if the build holds them, and records nothing. */
    async yieldRelease(name: string, build: string): Promise<void> {
      await ifConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { name },
            UpdateExpression: 'REMOVE releasing',
            ConditionExpression: 'releasing.#build = :build',
            ExpressionAttributeNames: { '#build': 'build' },
            ExpressionAttributeValues: { ':build': build },
          }),
        ),
      );
    },

    /** Records a release of the tracked branch and gives the tags free. False if the build does not hold them any more. */
    finishRelease(name: string, release: NonNullable<ProjectRecord['released']>): Promise<boolean> {
      return ifConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { name },
            UpdateExpression: 'SET released = :release REMOVE releasing',
            ConditionExpression: 'releasing.#build = :build',
            ExpressionAttributeNames: { '#build': 'build' },
            ExpressionAttributeValues: { ':release': release, ':build': release.build },
          }),
        ),
      );
    },
  };
}

export type Projects = ReturnType<typeof createProjects>;

export const openProjects = once(() => createProjects(documentClient(), variable('PROJECTS_TABLE')));
