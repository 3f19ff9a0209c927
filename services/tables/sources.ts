import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { tableOf } from './table.ts';

const backoffSchema = z.object({
  /** How often in a row it could not be read. */
  failures: z.int().default(0),
  /** Until then it is left alone. */
  retryAt: z.iso.datetime().optional(),
  /** What was wrong the last time. */
  error: z.string().optional(),
});

const sourceSchema = backoffSchema.extend({
  /** `host/owner/repository`, or `//host` for what is known of a host. */
  source: z.string(),
  /** Commits by ref, kept with the `etag` alone: what a host means that says that nothing has changed. */
  heads: z.record(z.string(), z.string()).optional(),
  /** Prints of the version tags (core/sources/seen-tags.ts); absent until they were seen for the first time. */
  tags: z.instanceof(Uint8Array).optional(),
  memory: z
    .object({
      etag: z.string().optional(),
      objectFormat: z.string().optional(),
      asksFirst: z.boolean().optional(),
    })
    .optional(),
});

const cursorSchema = z.object({ source: z.literal('//'), next: z.string() });

export type Source = z.infer<typeof sourceSchema>;

/**
 * The sources table: what is known of each repository, and of each host, that is worth knowing the next time. A repository that is well
 * and remembers nothing has no item, so that a look that finds nothing new writes nothing.
 */
export function createSources(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    /** All, by name, and where the last run broke off. */
    async all(): Promise<{ sources: Map<string, Source>; next: string | undefined }> {
      const sources = new Map<string, Source>();
      let next: string | undefined;
      for await (const item of table.scan({ consistent: true }, z.union([cursorSchema, sourceSchema])))
        if ('next' in item) next = item.next;
        else sources.set(item.source, item);
      return { sources, next };
    },

    async put(source: Source): Promise<void> {
      await table.put(sourceSchema.parse(source));
    },

    async remove(source: string): Promise<void> {
      await table.delete({ source });
    },

    /** The next run begins with this source. */
    async breakOff(next: string): Promise<void> {
      await table.put({ source: '//', next });
    },
  };
}

export type Sources = ReturnType<typeof createSources>;

export const openSources = once(() => createSources(documentClient(), variable('SOURCES_TABLE')));
