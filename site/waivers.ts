import type { Build } from '../core/model/build.ts';
import type { Project } from '../core/model/project.ts';
import type { Waivable } from '../core/policy/waivable.ts';
import { type Waived, waiversOn } from '../core/policy/waivers.ts';
import { dayOf } from '../core/time/day.ts';

export type WaiverOf = (finding: Waivable) => Waived;

/** The waivers of the current index for a build's findings, as of the day that the build was judged. */
export function waiversOf(build: Build, project: Project | undefined, now: Date): WaiverOf {
  return waiversOn(project ?? {}, dayOf(new Date(build.stages.judge?.startedAt ?? now)));
}
