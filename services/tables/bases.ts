import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { type BaseStatus, baseStatuses, type NamedBase, watchedName } from '../../core/bases/base-status.ts';
import {
  type BaseChange,
  missingDigest,
  type RegistryPause,
  registryPauseSchema,
  type WatchedImage,
  watchedImageSchema,
} from '../../core/bases/base-watch.ts';
import { once } from '../../core/once.ts';
import { backOff } from '../../core/time/backoff.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { tableOf } from './table.ts';

/** DynamoDB stores no empty set, so the attribute may be absent. The SDK returns every other set as a Set. */
const itemSchema = z.preprocess(
  (item) => ({ ...(item as object), used: [...((item as { used?: Set<string> }).used ?? [])] }),
  watchedImageSchema,
);
const keyedSchema = z.looseObject({ image: z.string() });
/** The image was found, so earlier failures no longer count. */
const noFailure = { failures: undefined, notBefore: undefined, reason: undefined };
const minutes = 60_000;
const imageBackoff = { first: 10 * minutes, longest: 60 * minutes };
const repeatBackoff = { first: 10 * minutes, longest: 24 * 60 * minutes };

/** Collides with no image: image names have no spaces. */
const registryPrefix = 'registry ';
/** The key of the lock of `watch-bases`: services/tables/base-watch-lock.ts. */
export const watchLockKey = 'lock of watch-bases';

/**
 * The bases table. It has each base image that this pipeline does not release itself, with the digest that its dependents were last
 * notified of and the digests that builds have used since. It also has the registries that are not queried for a while. The dependents of
 * an image are in the dependents table.
 */
export function createBases(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    /**
     * A build has used the image with this digest. The first digest is recorded as the image's; whether a later one is new, only the
     * registry decides.
     */
    async used(image: string, digest: string, at: string): Promise<void> {
      await table.update(
        { image },
        { set: { usedAt: at }, setOnce: { digest, seenAt: at }, add: { used: new Set([digest]) } },
      );
    },

    /**
     * A build has not found the image, so its appearance will count as a new digest. This is not recorded where the watch itself finds the
     * image: then the build would be started again and again, and fail each time.
     */
    async missed(image: string): Promise<void> {
      await table.update(
        { image },
        { add: { used: new Set([missingDigest]) } },
        expression`attribute_not_exists(digest) OR failures > ${0}`,
      );
    },

    /** The whole table. */
    async all(): Promise<{ images: Map<string, WatchedImage>; pauses: Map<string, RegistryPause> }> {
      const images = new Map<string, WatchedImage>();
      const pauses = new Map<string, RegistryPause>();
      for await (const item of table.scan({ consistent: true }, keyedSchema)) {
        const key = item.image;
        if (key.startsWith(registryPrefix))
          pauses.set(key.slice(registryPrefix.length), registryPauseSchema.parse(item));
        else if (key !== watchLockKey) images.set(key, itemSchema.parse(item));
      }
      return { images, pauses };
    },

    /** The image was checked, and its digest has not changed. */
    async seen({ image }: WatchedImage, digest: string, at: string): Promise<void> {
      // If a build has recorded another digest meanwhile, the condition fails and the next check compares again.
      await table.update(
        { image },
        { set: { digest, checkedAt: at, ...noFailure }, setOnce: { seenAt: at }, delete: { used: new Set([digest]) } },
        expression`attribute_not_exists(digest) OR digest = ${digest}`,
      );
    },

    /** The projects are notified of the change. Idempotent. */
    async notified(
      { image, digest, previous, seenAt }: BaseChange,
      before: WatchedImage | undefined,
      now: Date,
    ): Promise<void> {
      const repeats = before?.digest === digest ? before.repeats + 1 : 0;
      await table.update(
        { image },
        {
          set: {
            digest,
            seenAt: seenAt ?? now.toISOString(),
            checkedAt: now.toISOString(),
            repeats,
            repeatNotBefore: repeats > 0 ? backOff(repeats, repeatBackoff, now, Math.random()) : undefined,
            ...noFailure,
          },
          delete: { used: new Set(before?.used) },
        },
        expression`attribute_not_exists(digest) OR digest = ${previous} OR digest = ${digest}`,
      );
    },

    /** The registry has no such image, or the image is not public: the watch checks it less and less often. */
    async failed({ image, failures }: WatchedImage, reason: string, now: Date): Promise<void> {
      await table.update(
        { image },
        {
          set: {
            failures: failures + 1,
            notBefore: backOff(failures + 1, imageBackoff, now, Math.random()),
            reason: reason.slice(0, 500),
            checkedAt: now.toISOString(),
          },
        },
      );
    },

    /** No project depended on the image at that time. */
    async drop(image: string, at: string): Promise<void> {
      await table.delete({ image }, expression`attribute_not_exists(usedAt) OR usedAt < ${at}`);
    },

    /** Stops queries to a registry until `notBefore`. */
    async pause(registry: string, { failures, notBefore, reason }: RegistryPause): Promise<void> {
      await table.update(
        { image: registryPrefix + registry },
        { set: { failures, notBefore, reason: reason.slice(0, 500) } },
      );
    },

    async resume(registry: string): Promise<void> {
      await table.delete({ image: registryPrefix + registry });
    },

    /**
     * What the site shows of a project's base images (`bases` of its record), in their order: the digest that the newest candidate was
     * built on, whether the Dockerfile pins it, and, if the name has a new digest by now, that digest (`newer`).
     */
    async statuses(bases: readonly NamedBase[]): Promise<BaseStatus[]> {
      const names = [...new Set(bases.map(watchedName).filter((name) => name !== undefined))].slice(0, 100);
      const keys = names.map((image) => ({ image }));
      const images = await table.getMany(keys, itemSchema);
      return baseStatuses(bases, new Map(images.map((item) => [item.image, item])));
    },
  };
}

export type Bases = ReturnType<typeof createBases>;

export const openBases = once(() => createBases(documentClient(), variable('BASES_TABLE')));
