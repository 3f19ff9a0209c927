import { describeHeld, type HoldInForce } from '../holds/hold.ts';
import { currentOf, type TargetState } from './target-state.ts';

/** The pause between two checks of a promotion that a hold keeps back. */
const heldMilliseconds = 15 * 60_000;

export interface PromotionFacts {
  /** The hold on the project's releases, if one is in force. */
  hold: HoldInForce | undefined;
  /** The target that the release comes from. */
  source: Pick<TargetState, 'target' | 'delivered'> | undefined;
  /** How many findings a rescan has found in the release. */
  newFindings: number;
}

export type PromotionStep =
  /** `begin`: it is delivered now. `wait`: it is checked again later. */
  { do: 'begin' | 'wait'; state: TargetState } | { do: 'give-up'; error: string };

/** What becomes of a promotion whose time has come. */
export function promotionStep(state: TargetState, facts: PromotionFacts, now: Date): PromotionStep {
  const revision = state.revision + 1;
  if (facts.hold) {
    const dueAt = new Date(now.getTime() + heldMilliseconds).toISOString();
    return { do: 'wait', state: { ...state, error: `Releases are ${describeHeld(facts.hold)}.`, dueAt, revision } };
  }
  const error = obstacleOf(state, facts);
  if (error !== undefined) return { do: 'give-up', error };
  return { do: 'begin', state: { ...state, state: 'pending', error: undefined, revision } };
}

function obstacleOf({ wanted }: TargetState, { source, newFindings }: PromotionFacts): string | undefined {
  if (source && currentOf(source)?.digest !== wanted.digest) return `${source.target} has another release by now.`;
  if (newFindings === 0) return undefined;
  return `${newFindings} findings are new since its release: promote it by hand, or release another.`;
}
