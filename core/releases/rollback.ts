import valid from 'semver/functions/valid.js';
import { exactTime, shortDigest } from '../builds/describe-build.ts';
import type { Project } from '../model/project.ts';
import { oneLine } from '../text/one-line.ts';
import { immutableTagOf, isFloating } from './release.ts';

/** A release of the project, as far as a rollback needs to know it. */
export interface KnownRelease {
  digest: string;
  /** The build that released it last. */
  build: string;
  releasedAt: string;
  /** Every tag that the project ever gave it. */
  tags: Iterable<string>;
  isGone: boolean;
}

interface Current {
  /** The image of the current release; undefined if the project's branch has none. */
  current: string | undefined;
  desiredTag: string;
}

type Choice<Release> = { release: Release } | { refusal: string };

const listed = 10;

/**
 * The release to roll back to.
 * @param known the project's releases
 * @param to a digest or its first twelve digits, a tag or a build; absent: the release before the current one
 */
export function chooseRelease<Release extends KnownRelease>(
  known: readonly Release[],
  { current, desiredTag }: Current,
  to?: string,
): Choice<Release> {
  const newestFirst = known.toSorted((one, other) => (one.releasedAt < other.releasedAt ? 1 : -1));
  const others = newestFirst.filter(({ digest, isGone }) => digest !== current && !isGone);
  const refuse = (why: string) => ({ refusal: `${why} ${describeChoice(others)}` });
  if (current === undefined)
    return { refusal: 'The project has not released its branch yet: nothing can be taken back.' };

  if (to === undefined) {
    const now = known.find(({ digest }) => digest === current);
    const before = others.find(
      ({ releasedAt, tags }) => (!now || releasedAt < now.releasedAt) && [...tags].includes(desiredTag),
    );
    return before ? { release: before } : refuse('There is no release before the current one.');
  }

  const named = oneLine(to, 100);
  const meant = newestFirst.filter((release) => isNamed(release, to));
  const [only, ...more] = meant;
  if (only === undefined) return refuse(`The project has released nothing that is named ${named}.`);
  if (more.length > 0) return refuse(`${named} has named ${meant.length} releases: name one by its digest.`);
  if (only.digest === current) return refuse(`${named} is the current release already.`);
  return only.isGone ? refuse(`${named} is no longer in the registry.`) : { release: only };
}

function isNamed({ digest, build, tags }: KnownRelease, name: string): boolean {
  if (/^sha256:[0-9a-f]{12,64}$/.test(name)) return digest.startsWith(name);
  return build === name || [...tags].includes(name);
}

function describeChoice(releases: readonly KnownRelease[]): string {
  if (releases.length === 0) return 'There is no other release to roll back to.';
  const shown = releases.slice(0, listed).map(({ digest, tags, releasedAt }) => {
    const name = immutableTagOf(tags);
    return `${shortDigest(digest)}${name ? ` (${name})` : ''} of ${exactTime(releasedAt)}`;
  });
  const more = releases.length > listed ? `, and ${releases.length - listed} older ones` : '';
  return `These can be had: ${shown.join(', ')}${more}.`;
}

/**
 * Whether a rollback moves a tag of the current release: the entry's own tags, its branch, and what else is not a name of one commit or one
 * version.
 */
export function isMovedBack(
  tag: string,
  { desiredTag, extraTags = [] }: Pick<Project, 'desiredTag' | 'extraTags'>,
): boolean {
  return tag === desiredTag || extraTags.includes(tag) || (isFloating(tag) && valid(tag) === null);
}

/**
 * The tags that a rollback moves, of those that the current release was given. One that names a third image now belongs to another
 * release, such as that of a version, and stays there.
 * @param now the image that each tag names
 */
export function tagsToMove(
  tags: readonly string[],
  now: ReadonlyMap<string, string | undefined>,
  { from, to }: { from: string; to: string },
): string[] {
  return tags.filter((tag) => now.get(tag) === from || now.get(tag) === to);
}
