import { describeVerdict, shortCommit } from '../builds/describe-build.ts';
import type { Build } from '../model/build.ts';
import { code, shortened } from '../text/markdown.ts';
import { commentMark } from '../triggers/approved.ts';
import { describeChanges } from './describe-diff.ts';

export const imagesCommentMark = `${commentMark} images -->`;

/** A repository may have many images, and GitHub takes 65,536 characters: what is left out is on the pages of the builds. */
const mostImages = 100;
const mostExplained = 10;
const mostReasons = 10;

/**
 * The comment on a pull request: what became of each of its images. What comes from the repository or the image is shown as code.
 * @param builds of one commit, one for each project
 */
export function imagesComment(builds: readonly Build[], siteUrl: string): string {
  const sorted = builds.toSorted((one, other) => rank(one) - rank(other) || (one.project < other.project ? -1 : 1));
  const [first] = sorted;
  const rows = sorted.map(
    (build) =>
      `| ${code(build.project, 120)} | [${resultOf(build)}](${siteUrl}/builds/${build.id}) | ${build.changes ? describeChanges(build.changes) : '–'} |`,
  );
  const left = sorted.length > mostImages ? [`| … and ${sorted.length - mostImages} more | | |`] : [];
  return [
    imagesCommentMark,
    `### ${titleOf(sorted)}`,
    '',
    '| Image | Result | Compared with the last release |',
    '| --- | --- | --- |',
    ...rows.slice(0, mostImages),
    ...left,
    ...sorted.filter(isExplained).slice(0, mostExplained).flatMap(explanation),
    '',
    `<sub>Built from ${code(shortCommit(first?.commit ?? ''))}. Images of pull requests are scanned and judged, and never released.</sub>`,
  ].join('\n');
}

/** What people have to act on comes first. */
const rank = ({ status }: Build): number => (status === 'failed' ? 0 : status === 'blocked' ? 1 : 2);

const isExplained = (build: Build): boolean => rank(build) < 2;

function resultOf({ status, verdict }: Build): string {
  if (status === 'unchanged') return `${verdict ? describeVerdict(verdict) : 'passed'}: would be released`;
  return status;
}

function titleOf(builds: readonly Build[]): string {
  const images = (count: number) => (count === 1 ? '1 image' : `${count} images`);
  const count = (status: Build['status']) => builds.filter((build) => build.status === status).length;
  const [failed, blocked, passed] = [count('failed'), count('blocked'), count('unchanged')];
  const parts = [
    ...(failed > 0 ? [`${images(failed)} failed`] : []),
    ...(blocked > 0 ? [`${images(blocked)} would be blocked`] : []),
    ...(passed > 0 ? [`${images(passed)} would be released`] : []),
  ];
  return parts.join(', ') || images(builds.length);
}

function explanation({ project, status, verdict, failure }: Build): string[] {
  const reasons = status === 'failed' ? [failure?.message ?? ''] : (verdict?.reasons ?? []);
  const lines = reasons.filter(Boolean).map((reason) => `- ${code(reason, 500)}`);
  return lines.length > 0 ? ['', `**${code(project, 120)}**`, '', ...shortened(lines, mostReasons)] : [];
}
