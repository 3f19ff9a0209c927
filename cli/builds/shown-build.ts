import type * as z from 'zod';
import { apiBuildSchema } from '../../core/api/builds.ts';
import { describeHeldBuild } from '../../core/holds/hold.ts';
import { isReleasable } from '../../core/model/build.ts';
import { describeChanges } from '../../core/releases/describe-diff.ts';
import { oneLine } from '../../core/text/one-line.ts';

const warningsShown = 5;

/** The part of the API's answer about a build that people are shown. */
export const shownBuildSchema = apiBuildSchema.pick({
  status: true,
  ref: true,
  image: true,
  verdict: true,
  changes: true,
  held: true,
  failure: true,
  supersededBy: true,
});

export type ShownBuild = z.infer<typeof shownBuildSchema>;

/** How a build ended, and one fact on each line. The texts may be untrusted. */
export function summaryOf({ status, ref, image, verdict, changes, held, failure, supersededBy }: ShownBuild): string {
  const lines: string[] = [];
  if (image) lines.push(`${image.repository}@${image.digest}`, `tags: ${image.tags.join(', ')}`);
  if (status === 'unchanged' && !isReleasable(ref))
    lines.push('It passed, but is not released, because it is not the head of the branch.');
  if (held) lines.push(describeHeldBuild(held));
  if (status === 'blocked') lines.push(...(verdict?.reasons ?? []));
  if (verdict) lines.push(...warningLines(verdict.warnings));
  if (changes) lines.push(`changed since the last release: ${describeChanges(changes)}`);
  if (failure) lines.push(failure.message);
  if (supersededBy) lines.push(`Superseded by build ${supersededBy}.`);
  return [status, ...lines.map((line) => `  ${oneLine(line, 500)}`), ''].join('\n');
}

/** The first of them: the build's page has all. */
function warningLines(warnings: string[] = []): string[] {
  const shown = warnings.slice(0, warningsShown).map((warning) => `warning: ${warning}`);
  const more = warnings.length - shown.length;
  return more > 0 ? [...shown, `and ${more} more ${more === 1 ? 'warning' : 'warnings'}`] : shown;
}
