import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  paginateQuery,
  QueryCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import {
  isFloating,
  nextLookAt,
  type Release,
  type ReleasedImage,
  releasedImageSchema,
  shortestPause,
} from '../../core/releases/release.ts';
import { dueAfterEvent } from '../../core/releases/rescan.ts';
import { ifConditionHolds } from './dynamodb.ts';
import { decodeCursor, encodeCursor, type Page, type PageRequest } from './page.ts';

/** No project's name: the item says who is at it, and how far the releases that nobody noted were looked for. */
const roundKey = { project: '//', digest: '//' };
const keySchema = z.record(z.string(), z.string());

type Key = Pick<ReleasedImage, 'project' | 'digest'>;

/** What a look at an image changes of its item; undefined takes a field away. */
export type LookedAt = Partial<
  Pick<
    ReleasedImage,
    | 'state'
    | 'reason'
    | 'counts'
    | 'appeared'
    | 'outcome'
    | 'checkedAt'
    | 'askedAt'
    | 'dueAt'
    | 'floating'
    | 'untold'
    | 'toldAt'
  >
>;

/** The releases table: each image that a project released, and when it is looked at again. */
export function createReleases(client: DynamoDBDocumentClient, tableName: string) {
  type Change = Omit<UpdateCommandInput, 'TableName' | 'Key'>;
  const update = ({ project, digest }: Key, change: Change) =>
    client.send(new UpdateCommand({ TableName: tableName, Key: { project, digest }, ...change }));

  async function every(query: Omit<ConstructorParameters<typeof QueryCommand>[0], 'TableName'>) {
    const images: ReleasedImage[] = [];
    for await (const { Items = [] } of paginateQuery({ client }, { TableName: tableName, ...query }))
      images.push(...Items.map((item) => releasedImageSchema.parse(item)));
    return images;
  }

  const ofDigest = (digest: string) =>
    every({
      IndexName: 'byDigest',
      KeyConditionExpression: 'digest = :digest',
      ExpressionAttributeValues: { ':digest': digest },
    });

  const allOf = (project: string) =>
    every({
      KeyConditionExpression: '#project = :project',
      ExpressionAttributeNames: { '#project': 'project' },
      ConsistentRead: true,
      ExpressionAttributeValues: { ':project': project },
    });

  return {
    async get({ project, digest }: Key): Promise<ReleasedImage | undefined> {
      const { Item } = await client.send(
        new GetCommand({ TableName: tableName, Key: { project, digest }, ConsistentRead: true }),
      );
      return Item && releasedImageSchema.parse(Item);
    },

    /**
     * Notes a release, and takes its moving tags from the images of the project that had them. What is known of the image stays, and
     * so does the time of its next look.
     */
    async note({ project, digest, build, tags, at }: Release, repository: string): Promise<void> {
      const floating = tags.filter(isFloating);
      const isNewest = await ifConditionHolds(
        update(
          { project, digest },
          {
            UpdateExpression:
              'SET repository = :repository, build = :build, releasedAt = :at, floating = :floating, rescan = :yes, dueAt = if_not_exists(dueAt, :dueAt) ADD tags :tags',
            ConditionExpression: 'attribute_not_exists(releasedAt) OR releasedAt <= :at',
            ExpressionAttributeValues: {
              ':repository': repository,
              ':build': build,
              ':at': at,
              ':floating': floating,
              ':yes': 'yes',
              ':dueAt': nextLookAt(digest, new Date(at)),
              ':tags': new Set(tags),
            },
          },
        ),
      );
      if (!isNewest) return;
      for (const other of await allOf(project)) {
        if (other.digest === digest || other.releasedAt > at) continue;
        const left = other.floating.filter((tag) => !floating.includes(tag));
        if (left.length === other.floating.length) continue;
        await ifConditionHolds(
          update(other, {
            UpdateExpression: 'SET floating = :left',
            // Released once more meanwhile, it has what that release gave it.
            ConditionExpression: 'releasedAt = :known',
            ExpressionAttributeValues: { ':left': left, ':known': other.releasedAt },
          }),
        );
      }
    },

    /** Notes a release of before that nobody noted; those that are known stay as they are. */
    async adopt(release: Release & { floating: readonly string[] }, repository: string, now: Date): Promise<void> {
      const { project, digest, build, tags, at, floating } = release;
      // As if it were released yesterday: its first look is in this week.
      const dueAt = nextLookAt(digest, new Date(now.getTime() - shortestPause));
      const fields = { repository, build, releasedAt: at, tags: new Set(tags), floating, rescan: 'yes', dueAt };
      await ifConditionHolds(
        client.send(
          new PutCommand({
            TableName: tableName,
            Item: { project, digest, ...fields },
            ConditionExpression: 'attribute_not_exists(releasedAt)',
          }),
        ),
      );
    },

    ofDigest,
    allOf,

    /** Newest first. */
    async ofProject(project: string, { limit, cursor }: PageRequest): Promise<Page<ReleasedImage>> {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: tableName,
          IndexName: 'byProject',
          KeyConditionExpression: '#project = :project',
          ExpressionAttributeNames: { '#project': 'project' },
          ExpressionAttributeValues: { ':project': project },
          ScanIndexForward: false,
          Limit: limit,
          ExclusiveStartKey: cursor === undefined ? undefined : decodeCursor(keySchema, cursor),
        }),
      );
      const page: Page<ReleasedImage> = { items: Items.map((item) => releasedImageSchema.parse(item)) };
      if (LastEvaluatedKey) page.cursor = encodeCursor(LastEvaluatedKey);
      return page;
    },

    /** Those whose time has come, the longest due first. */
    async due(now: Date, limit: number): Promise<ReleasedImage[]> {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: tableName,
          IndexName: 'byDueTime',
          KeyConditionExpression: 'rescan = :yes AND dueAt <= :now',
          ExpressionAttributeValues: { ':yes': 'yes', ':now': now.toISOString() },
          Limit: limit,
        }),
      );
      return Items.map((item) => releasedImageSchema.parse(item));
    },

    /** Has an image looked at soon that there is news of. However many news there are, there is one look. */
    async mark(image: Key, now: Date): Promise<void> {
      const values = { ':now': now.toISOString() };
      const soon = dueAfterEvent(now);
      const isSooner = await ifConditionHolds(
        update(image, {
          UpdateExpression: 'SET dueAt = :soon, markedAt = :now',
          ConditionExpression: 'dueAt > :soon',
          ExpressionAttributeValues: { ...values, ':soon': soon },
        }),
      );
      if (isSooner) return;
      // Somebody may be looking at it at this moment, and not have seen it.
      await ifConditionHolds(
        update(image, {
          UpdateExpression: 'SET markedAt = :now',
          ConditionExpression: 'attribute_exists(dueAt)',
          ExpressionAttributeValues: values,
        }),
      );
    },

    /**
     * Writes what a look found out. Where there was news after it had begun, the image is looked at once more.
     * @param since when the look began
     */
    async settle(image: Key, fields: LookedAt, since: Date): Promise<void> {
      const write = (change: LookedAt, condition: string, values: Record<string, unknown>) => {
        const entries = Object.entries(change);
        const set = entries.filter(([, value]) => value !== undefined);
        const removed = entries.filter(([, value]) => value === undefined).map(([name]) => name);
        // What is never due again leaves the index.
        const gone = removed.includes('dueAt') ? [...removed, 'rescan'] : removed;
        return ifConditionHolds(
          update(image, {
            UpdateExpression: [
              ...(set.length > 0 ? [`SET ${set.map(([name]) => `#${name} = :${name}`).join(', ')}`] : []),
              ...(gone.length > 0 ? [`REMOVE ${gone.map((name) => `#${name}`).join(', ')}`] : []),
            ].join(' '),
            ConditionExpression: `attribute_exists(repository) AND ${condition}`,
            ExpressionAttributeNames: Object.fromEntries(
              [...set.map(([name]) => name), ...gone].map((name) => [`#${name}`, name]),
            ),
            ExpressionAttributeValues: {
              ...values,
              ...Object.fromEntries(set.map(([name, value]) => [`:${name}`, value])),
            },
          }),
        );
      };
      const values = { ':since': since.toISOString() };
      if (await write(fields, '(attribute_not_exists(markedAt) OR markedAt < :since)', values)) return;
      const again = dueAfterEvent(since);
      await write('dueAt' in fields ? { ...fields, dueAt: again } : fields, 'markedAt >= :since', values);
    },

    /** Takes the round for itself, so that no two tell the same; undefined while another one is under way. */
    async beginRound(holder: string, now: Date, until: Date): Promise<{ noted: string } | undefined> {
      const isMine = await ifConditionHolds(
        update(roundKey, {
          UpdateExpression: 'SET holder = :holder, heldUntil = :until',
          ConditionExpression: 'attribute_not_exists(heldUntil) OR heldUntil < :now',
          ExpressionAttributeValues: { ':holder': holder, ':until': until.toISOString(), ':now': now.toISOString() },
        }),
      );
      if (!isMine) return undefined;
      const { Item } = await client.send(new GetCommand({ TableName: tableName, Key: roundKey, ConsistentRead: true }));
      return z.object({ noted: z.string().default('') }).parse(Item);
    },

    /** Notes how far the releases that nobody noted were looked for. */
    async noteProgress(progress: string): Promise<void> {
      await update(roundKey, {
        UpdateExpression: 'SET noted = :progress',
        ExpressionAttributeValues: { ':progress': progress },
      });
    },

    async endRound(holder: string): Promise<void> {
      await ifConditionHolds(
        update(roundKey, {
          UpdateExpression: 'REMOVE heldUntil',
          ConditionExpression: 'holder = :holder',
          ExpressionAttributeValues: { ':holder': holder },
        }),
      );
    },
  };
}

export type Releases = ReturnType<typeof createReleases>;
