import { describeCounts, describeVerdict } from '../builds/describe-build.ts';
import type { Build } from '../model/build.ts';
import type { ScannerReports } from '../scanners/report.ts';
import { code, shortened } from '../text/markdown.ts';
import type { CheckAction } from './check-actions.ts';

/** Something at a line of a file. https://docs.github.com/en/rest/checks/runs#create-a-check-run */
export interface Annotation {
  path: string;
  start_line: number;
  end_line: number;
  annotation_level: 'notice' | 'warning' | 'failure';
  title: string;
  message: string;
}

/** What a check run shows, and a commit status has no place for. */
export interface CheckDetails {
  /** The id that GitHub keeps with it, and sends with the events of its buttons: that of a build, or of a pull request without one. */
  id: string;
  /** In place of the status's description. */
  title?: string | undefined;
  summary: string;
  action?: CheckAction | undefined;
  annotations?: (() => Promise<Annotation[]>) | undefined;
}

const mostReasons = 30;
/** GitHub takes 50 in one request, and somebody with more to fix begins with the first ones anyway. */
const mostAnnotations = 200;
const levels = { error: 'failure', warning: 'warning', info: 'notice' } as const;

/** The verdict as Markdown. What comes from the repository or the image is shown as code. */
export function checkSummary({ project, verdict, failure }: Build): string {
  const reasons = verdict?.reasons ?? (failure ? [failure.message] : []);
  const list = (title: string, texts: readonly string[]) =>
    texts.length === 0
      ? []
      : [
          `**${title}**`,
          '',
          ...shortened(
            texts.map((text) => `- ${code(text, 500)}`),
            mostReasons,
          ),
          '',
        ];
  const table = verdict
    ? [
        '| Verdict | Findings | Accepted |',
        '| --- | --- | --- |',
        `| ${describeVerdict(verdict)} | ${describeCounts(verdict.counts)} | ${verdict.accepted ?? 0} |`,
        '',
      ]
    : [];
  return [
    `Image ${code(project, 120)}`,
    '',
    ...table,
    ...list('Why', reasons),
    ...list('Warnings', verdict?.warnings ?? []),
  ].join('\n');
}

/** What the check of the Dockerfile found, at its lines. */
export function dockerfileAnnotations(path: string, reports: ScannerReports | undefined): Annotation[] {
  const report = reports?.reports.find(({ scanner }) => scanner === 'dockerfile-lint');
  if (report?.scanner !== 'dockerfile-lint') return [];
  return report.findings.slice(0, mostAnnotations).map(({ rule, level, line, message }) => ({
    path,
    start_line: line,
    end_line: line,
    annotation_level: levels[level],
    title: rule,
    message,
  }));
}
