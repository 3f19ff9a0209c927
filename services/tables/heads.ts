import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { expiryAfter, tableOf } from './table.ts';

/** A ref that is not a branch is forgotten when its head has not changed for this long. */
const keptDays = 90;

const releaseSchema = z.object({
  build: z.string(),
  headRevision: z.int().optional(),
  digest: z.string(),
  tags: z.array(z.string()),
  at: z.string(),
});

const headSchema = z.object({
  /** `app/job:tag` */
  project: z.string(),
  ref: z.string(),
  commit: z.string(),
  /** The build that holds the ref lease: no other build of the ref is released. */
  build: z.string().optional(),
  /** Builds that held the lease and are still to be ended. */
  replaced: z.set(z.string()).optional(),
  /** The ref's last release, if the ref is not the tracked branch. */
  released: releaseSchema.optional(),
  /** Rises with every change of the head or the lease. */
  revision: z.int(),
});

export type Head = z.infer<typeof headSchema>;
export type HeadKey = Pick<Head, 'project' | 'ref'>;
export type RefRelease = z.infer<typeof releaseSchema>;

/** The revision of a head after its next change. */
export function revisionAfter(known: Pick<Head, 'revision'> | undefined): number {
  return (known?.revision ?? 0) + 1;
}

/** The heads table: the newest commit of each ref that a project was planned for, and the build that holds the ref lease. */
export function createHeads(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    get(project: string, ref: string): Promise<Head | undefined> {
      return table.get({ project, ref }, headSchema);
    },

    /** The heads of all refs of a project. */
    ofProject(project: string): Promise<Head[]> {
      return table.all({ keys: expression`#project = ${project}`, consistent: true }, headSchema);
    },

    /** The heads that exist, in no order. */
    getMany(keys: HeadKey[]): Promise<Head[]> {
      return table.getMany(
        keys.map(({ project, ref }) => ({ project, ref })),
        headSchema,
      );
    },

    /**
     * Moves the head, if it has not changed since it was read. If it was read before the git host was asked, heads are written in the order
     * in which the host had them, without comparing clocks. A new build gets the lease, and the build that held it is recorded as one
     * to be ended. Without a new build the holder keeps the lease.
     * @returns false if another process moved the head meanwhile
     */
    advance(
      { project, ref }: HeadKey,
      known: Head | undefined,
      to: Pick<Head, 'commit' | 'build'>,
      now = new Date(),
    ): Promise<boolean> {
      const { commit, build = known?.build } = to;
      const replaced = new Set(known?.build !== undefined && known.build !== build ? [known.build] : []);
      const expiresAt = ref.startsWith('refs/heads/') ? undefined : expiryAfter(keptDays, now);
      return table.update(
        { project, ref },
        {
          set: { commit, build, revision: revisionAfter(known), expiresAt },
          add: { replaced },
        },
        known ? expression`revision = ${known.revision}` : expression`attribute_not_exists(revision)`,
      );
    },

    /** To be called when the builds that held the lease are ended. */
    async forgetReplaced({ project, ref }: HeadKey, builds: string[]): Promise<void> {
      await table.update({ project, ref }, { delete: { replaced: new Set(builds) } });
    },

    /** Records a release of a ref that is not the tracked branch: a release of the tracked branch is in the project's record. */
    async recordRelease({ project, ref }: HeadKey, released: RefRelease): Promise<void> {
      await table.update(
        { project, ref },
        { set: { released } },
        // A release that was delayed between tagging and this write must not overwrite a later one.
        expression`attribute_exists(revision) AND (attribute_not_exists(released) OR released.#headRevision <= ${released.headRevision ?? 0})`,
      );
    },
  };
}

export type Heads = ReturnType<typeof createHeads>;

export const openHeads = once(() => createHeads(documentClient(), variable('HEADS_TABLE')));
