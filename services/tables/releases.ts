import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { once } from '../../core/once.ts';
import {
  isFloating,
  nextRescanAt,
  type Release,
  type ReleasedImage,
  releasedImageSchema,
  shortestPause,
} from '../../core/releases/release.ts';
import { dueAfterEvent } from '../../core/releases/rescan.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { type Expression, expression } from './expression.ts';
import type { Page, PageRequest } from './page.ts';
import { tableOf } from './table.ts';

/** No project's name: the item says who is at it, and how far the releases that nobody noted were looked for. */
const roundKey = { project: '//', digest: '//' };
const roundSchema = z.object({ noted: z.string().default('') });

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
    | 'toNotify'
    | 'notifiedAt'
  >
>;

/** The releases table: each image that a project released, and when it is looked at again. */
export function createReleases(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);
  const keyOf = ({ project, digest }: Key) => ({ project, digest });

  const ofDigest = (digest: string) =>
    table.all({ index: 'byDigest', keys: expression`digest = ${digest}` }, releasedImageSchema);

  const allOf = (project: string) =>
    table.all({ keys: expression`#project = ${project}`, consistent: true }, releasedImageSchema);

  return {
    get(image: Key): Promise<ReleasedImage | undefined> {
      return table.get(keyOf(image), releasedImageSchema);
    },

    /**
     * Notes a release, and takes its moving tags from the images of the project that had them. What is known of the image stays, and
     * so does the time of its next look.
     */
    async note({ project, digest, build, tags, at }: Release, repository: string): Promise<void> {
      const floating = tags.filter(isFloating);
      const isNewest = await table.update(
        { project, digest },
        {
          set: { repository, build, releasedAt: at, floating, rescan: 'yes' },
          setOnce: { dueAt: nextRescanAt(digest, new Date(at)) },
          add: { tags: new Set(tags) },
        },
        expression`attribute_not_exists(releasedAt) OR releasedAt <= ${at}`,
      );
      if (!isNewest) return;
      for (const other of await allOf(project)) {
        if (other.digest === digest || other.releasedAt > at) continue;
        const left = other.floating.filter((tag) => !floating.includes(tag));
        if (left.length === other.floating.length) continue;
        await table.update(
          keyOf(other),
          { set: { floating: left } },
          // Released once more meanwhile, it has what that release gave it.
          expression`releasedAt = ${other.releasedAt}`,
        );
      }
    },

    /** Notes a release of before that nobody noted; those that are known stay as they are. */
    async adopt(release: Release & { floating: readonly string[] }, repository: string, now: Date): Promise<void> {
      const { project, digest, build, tags, at, floating } = release;
      // As if it were released yesterday: its first look is in this week.
      const dueAt = nextRescanAt(digest, new Date(now.getTime() - shortestPause));
      const fields = { repository, build, releasedAt: at, tags: new Set(tags), floating, rescan: 'yes', dueAt };
      await table.put({ project, digest, ...fields }, expression`attribute_not_exists(releasedAt)`);
    },

    ofDigest,
    allOf,

    /** Newest first. */
    ofProject(project: string, request: PageRequest): Promise<Page<ReleasedImage>> {
      const ofIndex = { index: 'byProject', keys: expression`#project = ${project}`, newestFirst: true };
      return table.page(ofIndex, request, releasedImageSchema);
    },

    /** Those whose time has come, the longest due first. */
    async due(now: Date, limit: number): Promise<ReleasedImage[]> {
      const keys = expression`rescan = ${'yes'} AND dueAt <= ${now.toISOString()}`;
      return (await table.page({ index: 'byDueTime', keys }, { limit }, releasedImageSchema)).items;
    },

    /** Has an image looked at soon that there is news of. However many news there are, there is one look. */
    async mark(image: Key, now: Date): Promise<void> {
      const markedAt = now.toISOString();
      const soon = dueAfterEvent(now);
      if (await table.update(keyOf(image), { set: { dueAt: soon, markedAt } }, expression`dueAt > ${soon}`)) return;
      // Somebody may be looking at it at this moment, and not have seen it.
      await table.update(keyOf(image), { set: { markedAt } }, expression`attribute_exists(dueAt)`);
    },

    /**
     * Writes what a look found out. Where there was news after it had begun, the image is looked at once more.
     * @param since when the look began
     */
    async settle(image: Key, fields: LookedAt, since: Date): Promise<void> {
      const write = (set: LookedAt, condition: Expression) => {
        // What is never due again leaves the index.
        const remove = 'dueAt' in set && set.dueAt === undefined ? ['rescan'] : [];
        const isNoted = expression`attribute_exists(repository) AND ${condition}`;
        return table.update(keyOf(image), { set, remove }, isNoted);
      };
      const began = since.toISOString();
      if (await write(fields, expression`(attribute_not_exists(markedAt) OR markedAt < ${began})`)) return;
      const again = dueAfterEvent(since);
      await write('dueAt' in fields ? { ...fields, dueAt: again } : fields, expression`markedAt >= ${began}`);
    },

    /** Takes the round for itself, so that no two tell the same; undefined while another one is under way. */
    beginRound(holder: string, now: Date, until: Date): Promise<{ noted: string } | undefined> {
      return table.updateAndGet(
        roundKey,
        { set: { holder, heldUntil: until.toISOString() } },
        expression`attribute_not_exists(heldUntil) OR heldUntil < ${now.toISOString()}`,
        roundSchema,
      );
    },

    /** Notes how far the releases that nobody noted were looked for. */
    async noteProgress(progress: string): Promise<void> {
      await table.update(roundKey, { set: { noted: progress } });
    },

    async endRound(holder: string): Promise<void> {
      await table.update(roundKey, { remove: ['heldUntil'] }, expression`holder = ${holder}`);
    },
  };
}

export type Releases = ReturnType<typeof createReleases>;

export const openReleases = once(() => createReleases(documentClient(), variable('RELEASES_TABLE')));
