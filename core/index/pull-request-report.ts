import { filesAt, type SourceAddress } from '../sources/source-pages.ts';
import { code, link, shortened } from '../text/markdown.ts';
import { commentMark } from '../triggers/approved.ts';
import type { IndexChange } from './change.ts';
import { type MergePlanInput, mergePlan } from './merge-plan.ts';
import type { Diagnostic } from './read-index.ts';
import { sourceWarnings } from './source-facts.ts';

export interface IndexReportInput extends MergePlanInput {
  /** Where the repository's pages are, and the commit that was checked. */
  repository: SourceAddress;
  commit: string;
}

export const indexReportMark = `${commentMark} index -->`;
/** GitHub takes 65,536 characters. https://github.com/orgs/community/discussions/41331 */
const longestComment = 65_000;
const mostDiagnostics = 100;
const fewDiagnostics = 20;

/** The comment on a pull request of the index: its errors and warnings, and what the merge will do. */
export function indexReport(input: IndexReportInput): string {
  const { change, commit } = input;
  const { errors, warnings, older } = change;
  const listOf = (list: Diagnostic[], most: number) =>
    shortened(
      list.map((diagnostic) => diagnosticLine(diagnostic, input)),
      most,
    );
  const lines = [
    indexReportMark,
    `### ${errors.length > 0 ? `The index cannot be merged like this: ${count(errors.length, 'error')}` : titleOf(change)}`,
    '',
    ...listOf(errors, mostDiagnostics),
    ...(warnings.length > 0 ? ['', `**${count(warnings.length, 'warning')}**`, ''] : []),
    ...listOf(warnings, fewDiagnostics),
    ...(errors.length > 0 ? ['', 'With the errors put right, the merge will do at least this:'] : []),
    ...mergePlan(input),
    ...(older.length > 0
      ? ['', '**Errors that were there before, and do not count against this pull request**', '']
      : []),
    ...listOf(older, fewDiagnostics),
    '',
    `<sub>Checked at ${code(commit.slice(0, 12))}. Nothing of it was built or run.</sub>`,
  ];
  return cut(lines);
}

/** The one line of the commit status. */
export function indexStatus({ change, facts }: Pick<IndexReportInput, 'change' | 'facts'>): {
  state: 'success' | 'failure';
  description: string;
} {
  const { errors } = change;
  const [first] = errors;
  if (first) {
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    return { state: 'failure', description: shortDescription(`${first.file}:${first.line} ${first.message}`, more) };
  }
  const warnings = [...facts.values()].filter((fact) => sourceWarnings(fact).length > 0).length;
  const warned = warnings > 0 ? `, ${count(warnings, 'project')} with warnings` : '';
  return { state: 'success', description: `${titleOf(change)}${warned}` };
}

/** GitHub takes 140 characters. */
function shortDescription(text: string, end: string): string {
  const room = 140 - end.length;
  const line = text.replaceAll(/\s+/g, ' ');
  return `${line.length > room ? `${line.slice(0, room - 1)}…` : line}${end}`;
}

function titleOf({ added, changed, removed }: IndexChange): string {
  if (added.length + changed.length + removed.length === 0) return 'No project is touched';
  const builds = added.length + changed.filter(({ isBuilt }) => isBuilt).length;
  return [
    ...(added.length > 0 ? [`${count(added.length, 'project')} added`] : []),
    ...(changed.length > 0 ? [`${count(changed.length, 'project')} changed`] : []),
    ...(removed.length > 0 ? [`${count(removed.length, 'project')} removed`] : []),
    builds === 0 ? 'no builds' : count(builds, 'build'),
  ].join(', ');
}

function diagnosticLine(
  { file, line, column, entry, message }: Diagnostic,
  { repository, commit }: IndexReportInput,
): string {
  const folder = filesAt(repository, commit) ?? repository.url;
  const place = link(`${file}:${line}:${column}`, folder, file, `#L${line}`);
  return `- ${place}${entry === undefined ? '' : ` ${code(entry)}`}: ${code(message, 1000)}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Whole lines only, so that no code or link is left open. The last line stays. */
function cut(lines: string[]): string {
  const whole = lines.join('\n');
  if (whole.length <= longestComment) return whole;
  const last = lines.at(-1) ?? '';
  const end = [
    '',
    '_The rest does not fit into a comment: run `npx slipway index check` for all of it._',
    '',
    last,
  ].join('\n');
  let length = end.length;
  const kept: string[] = [];
  for (const line of lines) {
    length += line.length + 1;
    if (length > longestComment) break;
    kept.push(line);
  }
  return [...kept, end].join('\n');
}
