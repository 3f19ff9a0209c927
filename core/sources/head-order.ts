import type { Build } from '../model/build.ts';
import type { PushTrigger } from '../model/trigger.ts';

/** What an event says that a ref points to. */
export interface HeadEvent {
  commit: string;
  /** When the commit was known to be the head. */
  headAt: string;
  /** The head before it. */
  before?: string | undefined;
}

/** The head that is known, with the one before it. */
export interface KnownHead {
  commit: string;
  headAt: string;
  previous?: string | undefined;
}

/** `unclear` are two heads that do not say which came first, or say both: who can, asks the git host. */
export type HeadOrder = 'same' | 'newer' | 'older' | 'unclear';

/**
 * Which of two heads is the newer. Deliveries come late, twice and in any order, so the time of the push decides; git hosts tell it in
 * whole seconds, and within one second the commits do, of which each push names the one before. Where the two contradict each other
 * somebody's clock is wrong, or the branch was forced there and back.
 */
export function compareHeads(event: HeadEvent, known: KnownHead): HeadOrder {
  if (event.commit === known.commit) return 'same';
  const byTime = Math.sign(secondOf(event.headAt) - secondOf(known.headAt));
  const byCommits = Number(event.before === known.commit) - Number(known.previous === event.commit);
  const isNewer = byTime || byCommits;
  if (isNewer === 0 || byTime * byCommits < 0) return 'unclear';
  return isNewer > 0 ? 'newer' : 'older';
}

/** GitHub delivers an event again for three days, its Enterprise Server for seven: what is older was not written by the push. */
const longestDelivery = 8 * 24 * 3_600_000;

/** When the git host took the push; undefined where it does not say, or cannot be believed. */
function pushTime({ pushedAt, receivedAt }: Pick<PushTrigger, 'pushedAt' | 'receivedAt'>): number | undefined {
  const time = pushedAt === undefined ? Number.NaN : Date.parse(pushedAt);
  return Date.parse(receivedAt) - time < longestDelivery ? time : undefined;
}

/**
 * When a push made its commit the head: the moment of its delivery, within the second that the host names, so that a delivery that is
 * made again days later is not taken for a new one. A host whose clock is ahead moves nothing into the future.
 */
export function headAtOf(push: Pick<PushTrigger, 'pushedAt' | 'receivedAt'>): string {
  const time = pushTime(push);
  if (time === undefined) return push.receivedAt;
  return new Date(Math.min(Date.parse(push.receivedAt), time + 999)).toISOString();
}

/**
 * What the builds of a push are named by. Two webhooks deliver one push under two ids; where the host says when it took the push, that
 * and the commits say that it is one.
 */
export function pushEventId(push: PushTrigger): string {
  const { id, source, ref, before, after, pushedAt } = push;
  return pushTime(push) === undefined ? id : `push:${source} ${ref} ${before}..${after} ${pushedAt}`;
}

const secondOf = (time: string) => Math.floor(Date.parse(time) / 1000);

/** What says which of a ref's builds may move its tags: the later head, and of one head's the later build. */
type BuildOrder = Pick<Build, 'headAt' | 'sequence'>;

export function isBefore(one: BuildOrder, other: BuildOrder): boolean {
  if (other.headAt === undefined || one.headAt === other.headAt) return one.sequence < other.sequence;
  return (one.headAt ?? '') < other.headAt;
}
