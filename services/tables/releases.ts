import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { once } from '../../core/once.ts';
import {
  isFloating,
  nextRescanAt,
  type Release,
  type ReleasedImage,
  releasedImageSchema,
} from '../../core/releases/release.ts';
import { dueAfterEvent } from '../../core/releases/rescan.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { type Expression, expression } from './expression.ts';
import type { Page, PageRequest } from './page.ts';
import { tableOf } from './table.ts';

/** Collides with no project. The item says which process holds the run. */
const runKey = { project: '//', digest: '//' };

type Key = Pick<ReleasedImage, 'project' | 'digest'>;

/** Collides with no image. The item of a platform's image says which released indexes have it. */
const memberKey = (digest: string): Key => ({ project: '//', digest: `in an index: ${digest}` });
const memberSchema = z.object({ indexes: z.set(z.string()) });
const keySchema = z.tuple([z.string(), z.string()]);

/** The fields of an image that a rescan may change: undefined removes a field, and one that is not there stays. */
export type RescanFields = Partial<
  Pick<
    ReleasedImage,
    | 'state'
    | 'reason'
    | 'counts'
    | 'appeared'
    | 'outcome'
    | 'checkedAt'
    | 'requestedAt'
    | 'dueAt'
    | 'floating'
    | 'toNotify'
    | 'notifiedAt'
  >
>;

/** The releases table: each image that a project released, and when it is rescanned. */
export function createReleases(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);
  const keyOf = ({ project, digest }: Key) => ({ project, digest });

  const ofDigest = (digest: string) =>
    table.all({ index: 'byDigest', keys: expression`digest = ${digest}` }, releasedImageSchema);

  /** It is the same however often it is recorded. */
  async function recordMembers({ project, digest, platforms = [] }: Pick<Release, 'project' | 'digest' | 'platforms'>) {
    for (const member of platforms)
      await table.update(memberKey(member.digest), { add: { indexes: new Set([JSON.stringify([project, digest])]) } });
  }

  const allOf = (project: string) =>
    table.all({ keys: expression`#project = ${project}`, consistent: true }, releasedImageSchema);

  return {
    get(image: Key): Promise<ReleasedImage | undefined> {
      return table.get(keyOf(image), releasedImageSchema);
    },

    /**
     * Records a release, and removes its floating tags from the project's images that had them. What is known of the image stays, and so
     * does the time of its next rescan.
     */
    async record(release: Release, repository: string): Promise<void> {
      const { project, digest, build, tags, signed, sizeBytes, platforms, at } = release;
      const floating = tags.filter(isFloating);
      await recordMembers(release);
      const isNewest = await table.update(
        { project, digest },
        {
          set: { repository, build, releasedAt: at, floating, signed, sizeBytes, platforms, rescan: 'yes' },
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
          // If the image was released again meanwhile, that release has set its tags.
          expression`releasedAt = ${other.releasedAt}`,
        );
      }
    },

    /** Records that floating tags have moved from one image of a project to another, which it released before. */
    async moveTags(
      project: string,
      tags: readonly string[],
      { from, to }: { from: string; to: string },
    ): Promise<void> {
      for (const digest of [from, to]) {
        const image = await table.get({ project, digest }, releasedImageSchema);
        if (!image) continue;
        const others = image.floating.filter((tag) => !tags.includes(tag));
        await table.update(
          { project, digest },
          {
            set: { floating: digest === to ? [...others, ...tags] : others },
            add: { tags: new Set(digest === to ? tags : []) },
          },
          // If the image was released again meanwhile, that release has set its tags.
          expression`releasedAt = ${image.releasedAt}`,
        );
      }
    },

    ofDigest,

    /** The released indexes that have a platform's image, also those that are gone. */
    async indexesOf(digest: string): Promise<ReleasedImage[]> {
      const member = await table.get(memberKey(digest), memberSchema);
      const keys = [...(member?.indexes ?? [])].map((text) => keySchema.parse(JSON.parse(text)));
      const images = await Promise.all(
        keys.map(([project, index]) => table.get({ project, digest: index }, releasedImageSchema)),
      );
      return images.filter((image) => image !== undefined);
    },
    allOf,

    /** Newest first, all or those that ever had a tag. */
    ofProject(project: string, request: PageRequest, tag?: string): Promise<Page<ReleasedImage>> {
      const position = ['project', 'releasedAt', 'digest'];
      const filter = tag === undefined ? undefined : { condition: expression`contains(tags, ${tag})`, position };
      const ofIndex = { index: 'byProject', keys: expression`#project = ${project}`, filter, newestFirst: true };
      return table.page(ofIndex, request, releasedImageSchema);
    },

    /** Of all projects, in no order. */
    withDigest(digest: string, request: PageRequest): Promise<Page<ReleasedImage>> {
      return table.page({ index: 'byDigest', keys: expression`digest = ${digest}` }, request, releasedImageSchema);
    },

    /** The images that are due for a rescan, the longest due first. */
    async due(now: Date, limit: number): Promise<ReleasedImage[]> {
      const keys = expression`rescan = ${'yes'} AND dueAt <= ${now.toISOString()}`;
      return (await table.page({ index: 'byDueTime', keys }, { limit }, releasedImageSchema)).items;
    },

    /** Makes an image due for a rescan soon, because there was an event about it. Several events cause only one rescan. */
    async mark(image: Key, now: Date): Promise<void> {
      const markedAt = now.toISOString();
      const soon = dueAfterEvent(now);
      if (await table.update(keyOf(image), { set: { dueAt: soon, markedAt } }, expression`dueAt > ${soon}`)) return;
      // A rescan may be running at this moment and may have read the image before the event.
      await table.update(keyOf(image), { set: { markedAt } }, expression`attribute_exists(dueAt)`);
    },

    /**
     * Writes the result of a rescan. If there was an event after it had begun, the image is rescanned once more.
     * @param since when the rescan began
     */
    async settle(image: Key, fields: RescanFields, since: Date): Promise<void> {
      const write = (set: RescanFields, condition: Expression) => {
        // An image that is never due again leaves the index.
        const remove = 'dueAt' in set && set.dueAt === undefined ? ['rescan'] : [];
        const isRecorded = expression`attribute_exists(repository) AND ${condition}`;
        return table.update(keyOf(image), { set, remove }, isRecorded);
      };
      const began = since.toISOString();
      if (await write(fields, expression`(attribute_not_exists(markedAt) OR markedAt < ${began})`)) return;
      const again = dueAfterEvent(since);
      await write('dueAt' in fields ? { ...fields, dueAt: again } : fields, expression`markedAt >= ${began}`);
    },

    /** The image is about to be deleted, or archived. False if the project has released it again since it was read. */
    markExpired({ releasedAt, ...image }: ReleasedImage, expired: 'delete' | 'archive'): Promise<boolean> {
      const reason = expired === 'archive' ? 'It was archived.' : 'It expired.';
      const set = { state: 'gone' as const, reason, floating: [], dueAt: undefined };
      return table.update(keyOf(image), { set, remove: ['rescan'] }, expression`releasedAt = ${releasedAt}`);
    },

    /** Claims the run, so that no two runs send the same notification; false while another run is in progress. */
    beginRun(holder: string, now: Date, until: Date): Promise<boolean> {
      return table.update(
        runKey,
        { set: { holder, heldUntil: until.toISOString() } },
        expression`attribute_not_exists(heldUntil) OR heldUntil < ${now.toISOString()}`,
      );
    },

    async endRun(holder: string): Promise<void> {
      await table.update(runKey, { remove: ['heldUntil'] }, expression`holder = ${holder}`);
    },
  };
}

export type Releases = ReturnType<typeof createReleases>;

export const openReleases = once(() => createReleases(documentClient(), variable('RELEASES_TABLE')));
