import type { Build } from '../model/build.ts';
import type { Hold, PlacedHold } from '../model/hold.ts';
import type { Project } from '../model/project.ts';
import type { TriggerOf } from '../model/trigger.ts';
import { oneLine } from '../text/one-line.ts';
import { dayOf, daysAfter } from '../time/day.ts';

/** A hold in force, with who placed it. */
export type HoldInForce = NonNullable<Build['held']>;

interface Held {
  /** From the project's index entry. */
  hold?: Hold | undefined;
  /** From a command. */
  held?: PlacedHold | undefined;
}

/** The hold in force; that of a command is named before that of the index. Undefined if there is none, or its last day has passed. */
export function holdOf({ hold, held }: Held, now: Date): HoldInForce | undefined {
  const today = dayOf(now);
  const isInForce = ({ until }: Hold) => until === undefined || until >= today;
  if (held && isInForce(held)) {
    const { by, at, until, reason } = held;
    return { by, at, until, reason };
  }
  return hold && isInForce(hold) ? { by: 'the index', until: hold.until, reason: hold.reason } : undefined;
}

/** The first day on which a hold is no longer in force. */
export function endOfHold({ until }: Hold): string | undefined {
  return until === undefined ? undefined : daysAfter(until, 1);
}

/** `by alice until 2026-12-01: the new base breaks logins` */
export function describeHold({ by, until, reason }: HoldInForce): string {
  return `by ${oneLine(by, 100)}${until ? ` until ${until}` : ''}${reason ? `: ${oneLine(reason, 300)}` : ''}`;
}

/** The text for a build that passed and that a hold keeps back. */
export function describeHeldBuild(hold: HoldInForce): string {
  return `Held, would release. Releases are ${describeHeld(hold)}.`;
}

/** `held by alice until 2026-12-01: the new base breaks logins`, within a sentence. */
export function describeHeld(hold: HoldInForce): string {
  return `held ${describeHold(hold).replace(/[.\s]+$/, '')}`;
}

/** What an index entry's key `hold` calls for when it changes; undefined if it does not. */
export function indexHoldTrigger(
  before: Pick<Project, 'hold'> | undefined,
  { name, hold }: Pick<Project, 'name' | 'hold'>,
  head: { revision: number; commit: string },
): TriggerOf<'hold'> | TriggerOf<'unhold'> | undefined {
  if (sameHold(before?.hold, hold)) return undefined;
  const common = {
    id: `index-hold:${head.revision}:${name}`,
    project: name,
    because: 'index' as const,
    requester: `the index at ${head.commit.slice(0, 7)}`,
  };
  return hold ? { type: 'hold', ...common, ...hold } : { type: 'unhold', ...common };
}

export function sameHold(one: Hold | undefined, other: Hold | undefined): boolean {
  return (one === undefined) === (other === undefined) && one?.until === other?.until && one?.reason === other?.reason;
}
