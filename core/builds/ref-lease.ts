import { compareHeads, type HeadEvent, type KnownHead } from '../sources/head-order.ts';

/** The known head of a ref, and the build that holds the lease: of each ref of a project no other build is released. */
export interface LeasedHead extends KnownHead {
  build?: string | undefined;
}

/** A head that was heard of. */
interface RefEvent extends HeadEvent {
  ref: string;
}

export interface LeaseRequest extends RefEvent {
  /** The build that asks. */
  build: string;
  /** It builds the known head once more, whichever it is. */
  isRebuild: boolean;
  /** It is to build nothing if the head is known. */
  unlessKnown: boolean;
}

/** What was looked up because the decision had asked for it. */
export interface Found {
  /** The commit that the git host has at the ref; null where it does not say. */
  hostHead?: string | null;
  /** Whether the build that holds the lease has a record. */
  isRecorded?: boolean;
}

export type Lease =
  /** The build of this name holds the lease, and builds this commit. */
  | { kind: 'held'; build: string; commit: string; headAt: string }
  /** The commit is the known head: there is nothing new. */
  | { kind: 'known' }
  /** A newer head is known; `build` holds the lease. */
  | { kind: 'late'; build: string | undefined };

/** The head as it is to be written. Without a build the one that holds the lease keeps it. */
export interface HeadChange {
  commit: string;
  headAt: string;
  previous: string | undefined;
  build: string | undefined;
}

export type LeaseDecision =
  /** Two heads do not say which came first: the git host knows. */
  | { do: 'ask-host' }
  | { do: 'look-up'; build: string }
  | { do: 'answer'; lease: Lease }
  /** The answer holds if the head is written while it is as it was read. */
  | { do: 'write'; head: HeadChange; lease: Lease };

/**
 * Whether a build gets the lease of a ref. The build of the newest head does, from whichever build had it; whoever asks again has it still. A
 * head that is known is built again where somebody asks for that, and else not.
 */
export function decideLease(request: LeaseRequest, known: LeasedHead | undefined, found: Found): LeaseDecision {
  const { build, isRebuild, unlessKnown } = request;
  if (known?.build === build) return answer(heldBy(build, known));
  const wanted: HeadEvent = isRebuild && known ? { ...known, before: known.previous } : request;
  const order = known ? orderOf(request.ref, wanted, known, found) : 'newer';
  if (order === 'unclear') return { do: 'ask-host' };
  if (known && order === 'older') {
    // Somebody saw the head before it moved on: the push that moved it knows of it.
    const isPassed = unlessKnown && request.before === undefined && known.previous === request.commit;
    return answer(isPassed ? isKnown : { kind: 'late', build: known.build });
  }
  const headAt = later(wanted.headAt, known?.headAt);
  if (unlessKnown && known?.commit === wanted.commit) {
    const { commit, build: holder } = known;
    if (holder !== undefined && found.isRecorded === undefined) return { do: 'look-up', build: holder };
    // Its holder died before the record: whoever comes next writes it, under the name that holds the lease.
    if (holder !== undefined && !found.isRecorded) return answer(heldBy(holder, known));
    if (headAt === known.headAt) return answer(isKnown);
    const previous = request.before ?? known.previous;
    return { do: 'write', head: { commit, headAt, previous, build: undefined }, lease: isKnown };
  }
  const { commit, before: previous } = wanted;
  return { do: 'write', head: { commit, headAt, previous, build }, lease: heldBy(build, { commit, headAt }) };
}

/** Moves the head on to a commit that calls for no build, and leaves the lease with the build that holds it. */
export function decidePassOver(event: RefEvent, known: LeasedHead | undefined, found: Found): LeaseDecision {
  if (known?.commit === event.commit) return answer(isKnown);
  const order = known ? orderOf(event.ref, event, known, found) : 'newer';
  if (order === 'unclear') return { do: 'ask-host' };
  if (known && order === 'older') return answer({ kind: 'late', build: known.build });
  const { commit, before: previous } = event;
  const headAt = later(event.headAt, known?.headAt);
  return { do: 'write', head: { commit, headAt, previous, build: undefined }, lease: isKnown };
}

/** Where the heads do not say it themselves, the git host does; where it cannot be asked, the one that arrived later is the newer. */
function orderOf(ref: string, event: HeadEvent, known: KnownHead, { hostHead }: Found) {
  const order = compareHeads(event, known);
  const isAnswered = hostHead !== undefined || !ref.startsWith('refs/heads/');
  if (order !== 'unclear' || !isAnswered) return order;
  if (hostHead === event.commit) return 'newer';
  return hostHead !== known.commit && event.headAt >= known.headAt ? 'newer' : 'older';
}

/** A head keeps the later of two times, so that what is older than either is older than it. */
const later = (one: string, other = '') => (one > other ? one : other);

const isKnown: Lease = { kind: 'known' };

function heldBy(build: string, { commit, headAt }: Pick<KnownHead, 'commit' | 'headAt'>): Lease {
  return { kind: 'held', build, commit, headAt };
}

function answer(lease: Lease): LeaseDecision {
  return { do: 'answer', lease };
}
