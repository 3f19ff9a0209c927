import type { Objection } from './objections.ts';
import { type Waiver, type Waivers, waiversOn } from './waivers.ts';

export interface AfterWaivers {
  /** The objections that no waiver removes. */
  left: Objection[];
  /** How many findings are accepted, including those that the policy would allow anyway. */
  accepted: number;
  /** The waivers that accept them. */
  used: ReadonlySet<Waiver>;
}

/** Removes the objections that a waiver accepts on that day. An objection that is not about a finding cannot be waived, and stays. */
export function applyWaivers(objections: readonly Objection[], waivers: Waivers, day: string): AfterWaivers {
  const waiverOf = waiversOn(waivers, day);
  const left: Objection[] = [];
  const used = new Set<Waiver>();
  for (const objection of objections) {
    const { accepted, ended } = objection.finding ? waiverOf(objection.finding) : {};
    if (accepted) used.add(accepted);
    else left.push(ended ? { ...objection, ended } : objection);
  }
  return { left, accepted: objections.length - left.length, used };
}
