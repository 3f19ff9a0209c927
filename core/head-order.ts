import type { Build } from './build.ts';
import type { PushTrigger } from './trigger.ts';

/** Word of what a ref points to. */
export interface RefNews {
  commit: string;
  /** When the commit was known to be the head. */
  headAt: string;
  /** The head that it took the place of. */
  before?: string | undefined;
}

/** The head that is known, with the one before it. */
export interface KnownHead {
  commit: string;
  headAt: string;
  previous?: string | undefined;
}

/**
 * What news says against the head that is known. `unclear` are two heads of one second that do not say which came first: who can, asks
 * the git host.
 */
export type Standing = 'same' | 'newer' | 'older' | 'unclear';

/**
 * Which of two heads is the newer. Deliveries come late, twice and in any order, so the time of the push decides; git hosts tell it in
 * whole seconds, and within one second the commits do, of which each push names the one before.
 */
export function standingOf(news: RefNews, known: KnownHead): Standing {
  if (news.commit === known.commit) return 'same';
  const [one, other] = [news.headAt, known.headAt].map(secondOf) as [number, number];
  if (one !== other) return one > other ? 'newer' : 'older';
  const isAfter = news.before === known.commit;
  const isBefore = known.previous === news.commit;
  if (isAfter !== isBefore) return isAfter ? 'newer' : 'older';
  return 'unclear';
}

/**
 * When a push made its commit the head: the moment of its delivery, within the second that the host names, so that a delivery that is
 * made again days later is not taken for news. A host whose clock is ahead moves nothing into the future.
 */
export function headAtOf({ pushedAt, receivedAt }: Pick<PushTrigger, 'pushedAt' | 'receivedAt'>): string {
  if (pushedAt === undefined) return receivedAt;
  return new Date(Math.min(Date.parse(receivedAt), Date.parse(pushedAt) + 999)).toISOString();
}

/**
 * What the builds of a push are named by. Two webhooks deliver one push under two ids; where the host says when it took the push, that
 * and the commits say that it is one.
 */
export function pushNewsId({ id, source, ref, before, after, pushedAt }: PushTrigger): string {
  return pushedAt === undefined ? id : `push:${source} ${ref} ${before}..${after} ${pushedAt}`;
}

const secondOf = (time: string) => Math.floor(Date.parse(time) / 1000);

/** What says which of a ref's builds may move its tags: the later head, and of one head's the later build. */
type BuildOrder = Pick<Build, 'headAt' | 'sequence'>;

export function isBefore(one: BuildOrder, other: BuildOrder): boolean {
  if (other.headAt === undefined || one.headAt === other.headAt) return one.sequence < other.sequence;
  return (one.headAt ?? '') < other.headAt;
}
