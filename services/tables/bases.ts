import {
  BatchGetCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type BaseStanding, type NamedBase, standingsOf, watchedName } from '../../core/bases/base-status.ts';
import {
  type BaseChange,
  missingDigest,
  type RegistryPause,
  registryPauseSchema,
  type WatchedImage,
  watchedImageSchema,
} from '../../core/bases/base-watch.ts';
import { once } from '../../core/once.ts';
import { pauseAfter } from '../../core/time/backoff.ts';
import { variable } from '../environment.ts';
import { documentClient, ifConditionHolds } from './dynamodb.ts';

/** DynamoDB keeps no empty set, and the SDK gives the others as a Set. */
const itemSchema = z.preprocess(
  (item) => ({ ...(item as object), used: [...((item as { used?: Set<string> }).used ?? [])] }),
  watchedImageSchema,
);
const minutes = 60_000;
const imageBackoff = { first: 10 * minutes, longest: 60 * minutes };
const repeatBackoff = { first: 10 * minutes, longest: 24 * 60 * minutes };
const after = (now: Date, failures: number, backoff: typeof imageBackoff) =>
  new Date(now.getTime() + pauseAfter(failures, backoff, Math.random())).toISOString();

/** No image has a space in its name. */
const registryPrefix = 'registry ';
/** What `watch-bases` keeps for itself: services/tables/base-watch-lock.ts. */
export const roundKey = 'round of watch-bases';

/**
 * The bases table: each image outside of this pipeline's releases that projects stand on, with the digest that they were told of last and
 * those that builds have used since; and the registries that are not asked for a while. Who stands on an image says the dependents table.
 */
export function createBases(client: DynamoDBDocumentClient, tableName: string) {
  const update = (image: string, change: Partial<ConstructorParameters<typeof UpdateCommand>[0]>) =>
    client.send(new UpdateCommand({ TableName: tableName, Key: { image }, ...change }));

  return {
    /** A build has used the image with this digest. The first that is seen counts; whether another is news says the registry alone. */
    async used(image: string, digest: string, at: string): Promise<void> {
      await update(image, {
        UpdateExpression:
          'SET digest = if_not_exists(digest, :digest), seenAt = if_not_exists(seenAt, :at), usedAt = :at ADD used :used',
        ExpressionAttributeValues: { ':digest': digest, ':at': at, ':used': new Set([digest]) },
      });
    },

    /**
     * A build has not found the image: it is news as soon as it is there. Not so where the watch itself finds it, for then the build would
     * be started again and again without getting any further.
     */
    async missed(image: string): Promise<void> {
      await ifConditionHolds(
        update(image, {
          UpdateExpression: 'ADD used :used',
          ConditionExpression: 'attribute_not_exists(digest) OR failures > :none',
          ExpressionAttributeValues: { ':used': new Set([missingDigest]), ':none': 0 },
        }),
      );
    },

    /** Everything that the table knows. */
    async all(): Promise<{ images: Map<string, WatchedImage>; pauses: Map<string, RegistryPause> }> {
      const images = new Map<string, WatchedImage>();
      const pauses = new Map<string, RegistryPause>();
      let start: Record<string, unknown> | undefined;
      do {
        const { Items = [], LastEvaluatedKey } = await client.send(
          new ScanCommand({ TableName: tableName, ConsistentRead: true, ExclusiveStartKey: start }),
        );
        for (const item of Items) {
          const key = String(item.image);
          if (key.startsWith(registryPrefix))
            pauses.set(key.slice(registryPrefix.length), registryPauseSchema.parse(item));
          else if (key !== roundKey) images.set(key, itemSchema.parse(item));
        }
        start = LastEvaluatedKey;
      } while (start);
      return { images, pauses };
    },

    /** The image was looked at, and its digest is no news. */
    async seen({ image, used }: WatchedImage, digest: string, at: string): Promise<void> {
      // A build that has written another digest meanwhile, or the very first: that is for the next look.
      await ifConditionHolds(
        update(image, {
          UpdateExpression: `SET digest = :digest, seenAt = if_not_exists(seenAt, :at), checkedAt = :at REMOVE failures, notBefore, problem${forget(used, digest)}`,
          ConditionExpression: 'attribute_not_exists(digest) OR digest = :digest',
          ExpressionAttributeValues: { ':digest': digest, ':at': at, ...forgotten(used, digest) },
        }),
      );
    },

    /** The projects know of the change. Doing it again changes nothing. */
    async told(
      { image, digest, previous, seenAt }: BaseChange,
      before: WatchedImage | undefined,
      now: Date,
    ): Promise<void> {
      const used = before?.used ?? [];
      const isRepeated = before?.digest === digest;
      const repeats = isRepeated ? before.repeats + 1 : 0;
      await ifConditionHolds(
        update(image, {
          UpdateExpression: `SET digest = :digest, seenAt = :seenAt, checkedAt = :at, repeats = :repeats${isRepeated ? ', repeatNotBefore = :again' : ''} REMOVE failures, notBefore, problem${isRepeated ? '' : ', repeatNotBefore'}${used.length > 0 ? ' DELETE used :used' : ''}`,
          ConditionExpression: 'attribute_not_exists(digest) OR digest = :previous OR digest = :digest',
          ExpressionAttributeValues: {
            ':digest': digest,
            ':previous': previous,
            ':seenAt': seenAt ?? now.toISOString(),
            ':at': now.toISOString(),
            ':repeats': repeats,
            ...(isRepeated ? { ':again': after(now, repeats, repeatBackoff) } : {}),
            ...(used.length > 0 ? { ':used': new Set(used) } : {}),
          },
        }),
      );
    },

    /** The registry has no such image, or shows it to nobody: it is looked for ever more rarely. */
    async failed({ image, failures }: WatchedImage, problem: string, now: Date): Promise<void> {
      await update(image, {
        UpdateExpression: 'SET failures = :failures, notBefore = :notBefore, problem = :problem, checkedAt = :at',
        ExpressionAttributeValues: {
          ':failures': failures + 1,
          ':notBefore': after(now, failures + 1, imageBackoff),
          ':problem': problem.slice(0, 500),
          ':at': now.toISOString(),
        },
      });
    },

    /** Nobody stood on the image at that time. */
    async drop(image: string, at: string): Promise<void> {
      await ifConditionHolds(
        client.send(
          new DeleteCommand({
            TableName: tableName,
            Key: { image },
            ConditionExpression: 'attribute_not_exists(usedAt) OR usedAt < :at',
            ExpressionAttributeValues: { ':at': at },
          }),
        ),
      );
    },

    /** Leaves a registry alone until then. */
    async pause(registry: string, { failures, notBefore, problem }: RegistryPause): Promise<void> {
      await update(registryPrefix + registry, {
        UpdateExpression: 'SET failures = :failures, notBefore = :notBefore, problem = :problem',
        ExpressionAttributeValues: {
          ':failures': failures,
          ':notBefore': notBefore,
          ':problem': problem.slice(0, 500),
        },
      });
    },

    async resume(registry: string): Promise<void> {
      await client.send(new DeleteCommand({ TableName: tableName, Key: { image: registryPrefix + registry } }));
    },

    /**
     * What the site shows of a project's bases (`bases` of its record), in their order: each with the digest that the newest candidate was
     * built on, whether it is pinned by the Dockerfile, and where the name stands for another image by now, that one's digest (`newer`).
     */
    async standings(bases: readonly NamedBase[]): Promise<BaseStanding[]> {
      const names = [...new Set(bases.map(watchedName).filter((name) => name !== undefined))].slice(0, 100);
      if (names.length === 0) return standingsOf(bases, new Map());
      const { Responses } = await client.send(
        new BatchGetCommand({ RequestItems: { [tableName]: { Keys: names.map((image) => ({ image })) } } }),
      );
      const images = (Responses?.[tableName] ?? []).map((item) => itemSchema.parse(item));
      return standingsOf(bases, new Map(images.map((item) => [item.image, item])));
    },
  };
}

/** Of what builds have used, that which is no news is forgotten. */
const forget = (used: readonly string[], digest: string) => (used.includes(digest) ? ' DELETE used :used' : '');
const forgotten = (used: readonly string[], digest: string) =>
  used.includes(digest) ? { ':used': new Set([digest]) } : {};

export type Bases = ReturnType<typeof createBases>;

export const openBases = once(() => createBases(documentClient(), variable('BASES_TABLE')));
