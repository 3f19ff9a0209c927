import { type Build, type Stage, type StageName, stageNames } from '../model/build.ts';
import type { BuilderSteps } from '../model/builder-contract.ts';

/** When a stage of a build ran, or a step of the builder in it. */
export interface BuildPeriod {
  kind: 'stage' | 'step';
  /** The stage that it is, or is in. */
  stage: StageName;
  name: string;
  status: Stage['status'];
  startedAt: string;
  endedAt: string;
}

/** The builder's last heading is one of these, and begins no step. */
const ends = new Set(['done', 'failed']);

/** Where the time of a build went: its stages in their order, the builder's steps after the first. What runs still ends with `now`. */
export function periodsOf({ stages }: Pick<Build, 'stages'>, steps: BuilderSteps['steps'], now: Date): BuildPeriod[] {
  return stageNames.flatMap((name): BuildPeriod[] => {
    const stage = stages[name];
    if (!stage) return [];
    const { status, startedAt, endedAt = now.toISOString() } = stage;
    const period = { kind: 'stage' as const, stage: name, name, status, startedAt, endedAt };
    return name === 'build' ? [period, ...stepsIn(period, steps)] : [period];
  });
}

/** A step ends where the next one begins, and the last one with the stage, whose end is its own. */
function stepsIn(stage: BuildPeriod, steps: BuilderSteps['steps']): BuildPeriod[] {
  return steps.flatMap(({ name, startedAt }, at): BuildPeriod[] => {
    if (ends.has(name)) return [];
    const next = steps[at + 1];
    const isLast = next === undefined || ends.has(next.name);
    const status = isLast ? stage.status : 'succeeded';
    return [{ kind: 'step', stage: stage.stage, name, status, startedAt, endedAt: next?.startedAt ?? stage.endedAt }];
  });
}
