import { compareHeads, type HeadEvent, type KnownHead } from '../sources/head-order.ts';

/** The known head of a ref, and the build that holds the ref's lease. No other build of this ref and project is released. */
export interface LeasedHead extends KnownHead {
  build?: string | undefined;
}

/** An event that names the head of a ref. */
interface RefEvent extends HeadEvent {
  ref: string;
}

export interface LeaseRequest extends RefEvent {
  /** The build that requests the lease. */
  build: string;
  /** The build builds the known head again, whichever commit that is. */
  isRebuild: boolean;
  /** Nothing is built if the head is already known. */
  unlessKnown: boolean;
}

/** What the caller looked up because an earlier decision required it. */
export interface Found {
  /** The commit that the git host has at the ref; null where the host gives no answer. */
  hostHead?: string | null;
  /** Whether the build that holds the lease has a record. */
  isRecorded?: boolean;
}

export type Lease =
  /** `build` holds the lease and builds `commit`. */
  | { kind: 'held'; build: string; commit: string; headAt: string }
  /** The commit is already the known head. */
  | { kind: 'known' }
  /** A newer head is known; `build` holds the lease. */
  | { kind: 'late'; build: string | undefined };

/** The head to write. Where `build` is undefined, the build that holds the lease keeps it. */
export interface HeadChange {
  commit: string;
  headAt: string;
  previous: string | undefined;
  build: string | undefined;
}

export type LeaseDecision =
  /** The two heads do not show which is newer, so the caller must query the git host. */
  | { do: 'query-host' }
  | { do: 'look-up'; build: string }
  | { do: 'answer'; lease: Lease }
  /** The lease is valid once the head is written, on condition that it has not changed since it was read. */
  | { do: 'write'; head: HeadChange; lease: Lease };

/**
 * Decides whether a build gets the lease of a ref. The build of the newest head gets it, whichever build held it before. A build that
 * already holds the lease keeps it. A known head is built again only for a request that does not set `unlessKnown`.
 */
export function decideLease(request: LeaseRequest, known: LeasedHead | undefined, found: Found): LeaseDecision {
  const { build, isRebuild, unlessKnown } = request;
  if (known?.build === build) return answer(heldBy(build, known));
  const wanted: HeadEvent = isRebuild && known ? { ...known, before: known.previous } : request;
  const order = known ? orderOf(request.ref, wanted, known, found) : 'newer';
  if (order === 'unclear') return { do: 'query-host' };
  if (known && order === 'older') {
    // The event names the head before the known one, and the push of the known head already named that commit as its `before`.
    const isPreviousHead = unlessKnown && request.before === undefined && known.previous === request.commit;
    return answer(isPreviousHead ? knownLease : { kind: 'late', build: known.build });
  }
  const headAt = later(wanted.headAt, known?.headAt);
  if (unlessKnown && known?.commit === wanted.commit) {
    const { commit, build: holder } = known;
    if (holder !== undefined && found.isRecorded === undefined) return { do: 'look-up', build: holder };
    // The process that took the lease crashed before it wrote the build's record: this caller writes it, under the same build id.
    if (holder !== undefined && !found.isRecorded) return answer(heldBy(holder, known));
    if (headAt === known.headAt) return answer(knownLease);
    const previous = request.before ?? known.previous;
    return { do: 'write', head: { commit, headAt, previous, build: undefined }, lease: knownLease };
  }
  const { commit, before: previous } = wanted;
  return { do: 'write', head: { commit, headAt, previous, build }, lease: heldBy(build, { commit, headAt }) };
}

/** Records a head that needs no build. The build that holds the lease keeps it. */
export function decideRecordHead(event: RefEvent, known: LeasedHead | undefined, found: Found): LeaseDecision {
  if (known?.commit === event.commit) return answer(knownLease);
  const order = known ? orderOf(event.ref, event, known, found) : 'newer';
  if (order === 'unclear') return { do: 'query-host' };
  if (known && order === 'older') return answer({ kind: 'late', build: known.build });
  const { commit, before: previous } = event;
  const headAt = later(event.headAt, known?.headAt);
  return { do: 'write', head: { commit, headAt, previous, build: undefined }, lease: knownLease };
}

/** Where the heads do not show their order, the git host's head decides; where the host gave no answer, the later head is the newer. */
function orderOf(ref: string, event: HeadEvent, known: KnownHead, { hostHead }: Found) {
  const order = compareHeads(event, known);
  const isAnswered = hostHead !== undefined || !ref.startsWith('refs/heads/');
  if (order !== 'unclear' || !isAnswered) return order;
  if (hostHead === event.commit) return 'newer';
  return hostHead !== known.commit && event.headAt >= known.headAt ? 'newer' : 'older';
}

/** A head keeps the later of two times, so that every event older than either counts as older than the head. */
const later = (one: string, other = '') => (one > other ? one : other);

const knownLease: Lease = { kind: 'known' };

function heldBy(build: string, { commit, headAt }: Pick<KnownHead, 'commit' | 'headAt'>): Lease {
  return { kind: 'held', build, commit, headAt };
}

function answer(lease: Lease): LeaseDecision {
  return { do: 'answer', lease };
}
