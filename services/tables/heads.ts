import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { expiryAfter, tableOf } from './table.ts';

/** What has not moved for so long and is no branch is of no interest. */
const keptDays = 90;

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
  const table = tableOf(client, tableName);

  return {
    get(project: string, ref: string): Promise<Head | undefined> {
      return table.get({ project, ref }, headSchema);
    },

    /** Those that are known, in no order. */
    getMany(keys: HeadKey[]): Promise<Head[]> {
      return table.getMany(
        keys.map(({ project, ref }) => ({ project, ref })),
        headSchema,
      );
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
      const { commit, headAt, previous, build = known?.build } = to;
      const replaced = new Set(known?.build !== undefined && known.build !== build ? [known.build] : []);
      const expiresAt = ref.startsWith('refs/heads/') ? undefined : expiryAfter(keptDays, now);
      return table.update(
        { project, ref },
        {
          set: { commit, headAt, previous, build, revision: (known?.revision ?? 0) + 1, expiresAt },
          add: { replaced },
        },
        known ? expression`revision = ${known.revision}` : expression`attribute_not_exists(revision)`,
      );
    },

    /** The builds that had the place are ended. */
    async forgetReplaced({ project, ref }: HeadKey, builds: string[]): Promise<void> {
      await table.update({ project, ref }, { delete: { replaced: new Set(builds) } });
    },

    /** Notes what a ref released that is not the tracked branch: the branch's own release stands with the project. */
    async noteRelease({ project, ref }: HeadKey, released: RefRelease): Promise<void> {
      await table.update(
        { project, ref },
        { set: { released } },
        // One that was held up between its tags and this note writes over no later one.
        expression`attribute_exists(revision) AND (attribute_not_exists(released) OR released.#sequence <= ${released.sequence})`,
      );
    },
  };
}

export type Heads = ReturnType<typeof createHeads>;

export const openHeads = once(() => createHeads(documentClient(), variable('HEADS_TABLE')));
