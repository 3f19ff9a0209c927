import type { Objection } from './objections.ts';
import { type Waiver, type Waivers, waiversOn } from './waivers.ts';

export interface AfterWaivers {
  /** What is still held against the candidate. */
  left: Objection[];
  /** How many findings are accepted, those among them that the policy allows anyhow. */
  accepted: number;
  /** The waivers that accept them. */
  used: ReadonlySet<Waiver>;
}

/** Takes away what the index accepts on that day. What is no finding that a waiver could name stays. */
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
