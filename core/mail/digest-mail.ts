import { describeCause, describeDuration, exactTime } from '../builds/describe-build.ts';
import { withoutOutput } from '../builds/failure.ts';
import type { Fixed } from '../builds/fixed.ts';
import type { Build } from '../model/build.ts';
import { describeChanges } from '../releases/describe-diff.ts';
import { oneLine } from '../text/one-line.ts';
import type { LinkedItem, Mail, MailContent } from './content.ts';
import { distinctAddresses } from './distinct-addresses.ts';
import { footerForOwnersOfSeveral, headerValue } from './frame.ts';
import { endWord } from './mailed-end.ts';

/** A build whose people are to be notified of its end. */
export interface BuildEnd {
  build: Build;
  fixed?: Fixed | undefined;
}

/** Somebody who is to be notified of builds, and how these ended. */
interface Owner {
  address: string;
  ends: BuildEnd[];
}

/** Each address once, in whatever case it is written. */
export function ownersOf(ends: readonly BuildEnd[]): Owner[] {
  const owners = new Map<string, Owner>();
  for (const end of ends)
    for (const address of distinctAddresses(end.build.notifyEmail)) {
      const known = owners.get(address.toLowerCase());
      if (known) known.ends.push(end);
      else owners.set(address.toLowerCase(), { address, ends: [end] });
    }
  return [...owners.values()];
}

interface DigestMail {
  cascade: { id: string; startedAt: string; endedAt?: string | undefined };
  /** The builds of the recipient's projects. */
  ends: readonly BuildEnd[];
  siteUrl: string;
  indexUrl: string;
}

/** What people have to act on comes first. */
const order = ['FAILED', 'BLOCKED', 'HELD', 'FIXED', 'RELEASED'];

/** All builds that need somebody, and enough of the others, fit into the 100 kB after which Gmail clips a mail. */
const itemsShown = 50;

/**
 * How the builds of somebody's projects in one cascade ended. The subject is `[slipway] FAILED 3, RELEASED 40 (New base debian:12)`, so that
 * filters for `[slipway] FAILED` find it too. It does not count the cascade's other projects: some may be private.
 */
export function digestMail({ cascade, ends, siteUrl, indexUrl }: DigestMail): Mail {
  const { id, startedAt, endedAt } = cascade;
  const byWord = Map.groupBy(ends, ({ build, fixed }) => endWord(build, fixed));
  const words = [...byWord.keys()].sort((one, other) => order.indexOf(one) - order.indexOf(other));
  const sections = words.map((word) => ({ word, ends: byWord.get(word) ?? [] }));
  const [cause = 'Cascade', ...others] = causesOf(ends);
  const needsSomebody = words.some((word) => word === 'FAILED' || word === 'BLOCKED');
  const content: MailContent = {
    tone: needsSomebody ? 'warning' : 'good',
    title: `${ends.length} of your projects were rebuilt: ${sections.map(({ word, ends: all }) => `${all.length} ${word.toLowerCase()}`).join(', ')}`,
    paragraphs: [
      `${cause}${others.length > 0 ? `, and ${others.length} more` : ''}: every project that depends on it is rebuilt. This is how the builds of yours ended.`,
      ...(endedAt === undefined
        ? ['The cascade goes on. You get another mail about those of yours that are still to be built.']
        : []),
    ],
    advice: needsSomebody
      ? 'What failed or was blocked keeps its last release. The page of each build says why, and has the log.'
      : undefined,
    lists: sections.map(({ word, ends: all }) => ({
      title: `${word.charAt(0)}${word.slice(1).toLowerCase()} (${all.length})`,
      items: [
        ...all.slice(0, itemsShown).map((end) => itemOf(end, siteUrl)),
        ...(all.length > itemsShown ? [`and ${all.length - itemsShown} more: see the page of the cascade`] : []),
      ],
    })),
    facts: [
      { label: 'Began', value: exactTime(startedAt) },
      ...(endedAt ? [{ label: 'Took', value: describeDuration(Date.parse(endedAt) - Date.parse(startedAt)) }] : []),
    ],
    links: [{ label: 'Open the cascade', address: `${siteUrl}/cascades/${id}` }],
    footer: footerForOwnersOfSeveral(indexUrl),
  };
  return {
    subject: oneLine(
      `[slipway] ${sections.map((each) => `${each.word} ${each.ends.length}`).join(', ')} (${cause})`,
      200,
    ),
    content,
    headers: { 'X-Slipway-Cascade': headerValue(id), 'X-Slipway-Status': (words[0] ?? '').toLowerCase() },
    topic: `cascade ${id}`,
  };
}

/**
 * The causes of these builds themselves, the most frequent first: other causes of the cascade may be images that the owner must not know
 * of.
 */
function causesOf(ends: readonly BuildEnd[]): string[] {
  const byCause = Map.groupBy(ends, ({ build }) => describeCause(build.cause, build.gitHost));
  return [...byCause].toSorted(([, one], [, other]) => other.length - one.length).map(([cause]) => cause);
}

function itemOf({ build }: BuildEnd, siteUrl: string): LinkedItem {
  return {
    name: oneLine(build.project, 120),
    link: `${siteUrl}/builds/${build.id}`,
    text: oneLine(describeEnd(build), 400),
  };
}

function describeEnd({ status, failure, verdict, changes, held }: Build): string {
  if (status === 'failed') return withoutOutput(failure?.message ?? 'the build record does not say why');
  if (status === 'blocked') {
    const [reason = 'the build record does not say why', ...others] = verdict?.reasons ?? [];
    return others.length > 0 ? `${reason} And ${others.length} more reasons.` : reason;
  }
  if (held) return `held by ${held.by}, and waits`;
  return changes ? describeChanges(changes) : 'its first release';
}
