import { BatchGetCommand, type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient, ifConditionHolds } from './dynamodb.ts';

/** What has not moved for so long and is no branch is of no interest. */
const keptDays = 90;
/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const batchSize = 100;

const releaseSchema = z.object({
  build: z.string(),
  sequence: z.int(),
  headAt: z.string().optional(),
  digest: z.string(),
  tags: z.array(z.string()),
  at: z.string(),
});

const headSchema = z.object({
  /** `app/job:tag` */
  project: z.string(),
  ref: z.string(),
  commit: z.string(),
  headAt: z.string(),
  /** The head before this one, as its push named it. */
  previous: z.string().optional(),
  /** The build that has the ref's place: no other build of the ref is released. */
  build: z.string().optional(),
  /** Builds that had the place and are to be ended. */
  replaced: z.set(z.string()).optional(),
  /** What the ref last released, of a ref that is not the tracked branch. */
  released: releaseSchema.optional(),
  /** Rises with every change of the place. */
  revision: z.int(),
});

export type Head = z.infer<typeof headSchema>;
type HeadKey = Pick<Head, 'project' | 'ref'>;
export type RefRelease = z.infer<typeof releaseSchema>;

/** The heads table: the newest commit of each ref that a project was planned for, and the build that has its place. */
export function createHeads(client: DynamoDBDocumentClient, tableName: string) {
  return {
    async get(project: string, ref: string): Promise<Head | undefined> {
      const { Item } = await client.send(
        new GetCommand({ TableName: tableName, Key: { project, ref }, ConsistentRead: true }),
      );
      return Item && headSchema.parse(Item);
    },

    /** Those that are known, in no order. */
    async getMany(keys: HeadKey[]): Promise<Head[]> {
      const heads: Head[] = [];
      let left = keys.map(({ project, ref }) => ({ project, ref }));
      while (left.length > 0) {
        const { Responses, UnprocessedKeys } = await client.send(
          new BatchGetCommand({ RequestItems: { [tableName]: { Keys: left.slice(0, batchSize) } } }),
        );
        heads.push(...(Responses?.[tableName] ?? []).map((item) => headSchema.parse(item)));
        const again = (UnprocessedKeys?.[tableName]?.Keys ?? []) as HeadKey[];
        left = [...again, ...left.slice(batchSize)];
      }
      return heads;
    },

    /**
     * Moves the head on, if it still is as it was read; the build that had its place is noted as one to be ended. Without a build
     * the one that has the place keeps it.
     * @returns false if somebody else moved it meanwhile
     */
    advance(
      { project, ref }: HeadKey,
      known: Head | undefined,
      to: Pick<Head, 'commit' | 'headAt' | 'previous' | 'build'>,
      now = new Date(),
    ): Promise<boolean> {
      const replaced = to.build !== undefined && known?.build !== to.build ? known?.build : undefined;
      const values = {
        commit: to.commit,
        headAt: to.headAt,
        revision: (known?.revision ?? 0) + 1,
        ...(to.previous === undefined ? {} : { previous: to.previous }),
        ...(to.build === undefined ? {} : { build: to.build }),
        ...(ref.startsWith('refs/heads/') ? {} : { expiresAt: Math.floor(now.getTime() / 1000) + keptDays * 86_400 }),
      };
      const names = Object.keys(values);
      return ifConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { project, ref },
            UpdateExpression: [
              `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
              ...(to.previous === undefined ? ['REMOVE previous'] : []),
              ...(replaced === undefined ? [] : ['ADD replaced :replaced']),
            ].join(' '),
            ConditionExpression: known ? '#revision = :known' : 'attribute_not_exists(#revision)',
            ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
            ExpressionAttributeValues: {
              ...Object.fromEntries(Object.entries(values).map(([name, value]) => [`:${name}`, value])),
              ...(known ? { ':known': known.revision } : {}),
              ...(replaced === undefined ? {} : { ':replaced': new Set([replaced]) }),
            },
          }),
        ),
      );
    },

    /** The builds that had the place are ended. */
    async forgetReplaced({ project, ref }: HeadKey, builds: string[]): Promise<void> {
      await client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: { project, ref },
          UpdateExpression: 'DELETE replaced :builds',
          ExpressionAttributeValues: { ':builds': new Set(builds) },
        }),
      );
    },

    /** Notes what a ref released that is not the tracked branch: the branch's own release stands with the project. */
    async noteRelease({ project, ref }: HeadKey, released: RefRelease): Promise<void> {
      await ifConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { project, ref },
            UpdateExpression: 'SET released = :released',
            // One that was held up between its tags and this note writes over no later one.
            ConditionExpression:
              'attribute_exists(#revision) AND (attribute_not_exists(released) OR released.#sequence <= :sequence)',
            ExpressionAttributeNames: { '#revision': 'revision', '#sequence': 'sequence' },
            ExpressionAttributeValues: { ':released': released, ':sequence': released.sequence },
          }),
        ),
      );
    },
  };
}

export type Heads = ReturnType<typeof createHeads>;

export const openHeads = once(() => createHeads(documentClient(), variable('HEADS_TABLE')));
