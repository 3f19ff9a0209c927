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

/** The known head of a ref, with the one before it. */
export interface KnownHead {
  commit: string;
  headAt: string;
  previous?: string | undefined;
}

/** `unclear`: the two heads do not show which came first, or contradict each other; only the git host knows. */
export type HeadOrder = 'same' | 'newer' | 'older' | 'unclear';

/**
 * Decides which of two heads is newer. Deliveries arrive late, twice and in any order, so the time of the push decides. Git hosts give it
 * in whole seconds; within one second the commits decide, because each push names the commit before it. Where time and commits contradict
 * each other, a clock is wrong, or the branch was force-pushed and back.
 */
export function compareHeads(event: HeadEvent, known: KnownHead): HeadOrder {
  if (event.commit === known.commit) return 'same';
  const byTime = Math.sign(secondOf(event.headAt) - secondOf(known.headAt));
  const byCommits = Number(event.before === known.commit) - Number(known.previous === event.commit);
  const isNewer = byTime || byCommits;
  if (isNewer === 0 || byTime * byCommits < 0) return 'unclear';
  return isNewer > 0 ? 'newer' : 'older';
}

/** GitHub redelivers an event for three days, GitHub Enterprise Server for seven. An older time cannot be that of the push. */
const longestDelivery = 8 * 24 * 3_600_000;

/** When the git host received the push; undefined where the host does not say, or the time is not plausible. */
function pushTime({ pushedAt, receivedAt }: Pick<PushTrigger, 'pushedAt' | 'receivedAt'>): number | undefined {
  const time = pushedAt === undefined ? Number.NaN : Date.parse(pushedAt);
  return Date.parse(receivedAt) - time < longestDelivery ? time : undefined;
}

/**
 * When a push made its commit the head: the moment of the delivery, but not after the second that the host names, so that a redelivery
 * days later does not count as a new push. A host whose clock is ahead cannot set a time in the future.
 */
export function headAtOf(push: Pick<PushTrigger, 'pushedAt' | 'receivedAt'>): string {
  const time = pushTime(push);
  if (time === undefined) return push.receivedAt;
  return new Date(Math.min(Date.parse(push.receivedAt), time + 999)).toISOString();
}

/**
 * The event id from which the build ids of a push are derived. Two webhooks deliver one push under two delivery ids, so the id is made of
 * the commits and the time of the push, where the host gives that time.
 */
export function pushEventId(push: PushTrigger): string {
  const { id, source, ref, before, after, pushedAt } = push;
  return pushTime(push) === undefined ? id : `push:${source} ${ref} ${before}..${after} ${pushedAt}`;
}

const secondOf = (time: string) => Math.floor(Date.parse(time) / 1000);

/** Decides which of a ref's builds may move its tags: the build of the later head; of the same head, the later build. */
type BuildOrder = Pick<Build, 'headAt' | 'sequence'>;

export function isBefore(one: BuildOrder, other: BuildOrder): boolean {
  if (other.headAt === undefined || one.headAt === other.headAt) return one.sequence < other.sequence;
  return (one.headAt ?? '') < other.headAt;
}
