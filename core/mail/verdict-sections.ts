import type { Build, Verdict } from '../model/build.ts';
import { describeAgainst, describeComparison } from '../releases/describe-diff.ts';
import type { Comparison } from '../releases/image-diff.ts';
import type { ScannerReports } from '../scanners/report.ts';
import { oneLine } from '../text/one-line.ts';
import { dayOf, daysAfter } from '../time/day.ts';
import type { MailContent } from './content.ts';

/** What mails say about a verdict and its reasons. */

/** A mail shows only the first ones; the page of the build shows all. */
const warningsShown = 5;
/** Shorter than the longest time allowed, so that an exception copied without a change is reviewed early. */
const exampleDays = 90;

type List = NonNullable<MailContent['list']>;

/** The warnings of an image that passed. */
export function warningsList({ warnings = [] }: Verdict): List[] {
  if (warnings.length === 0) return [];
  const more = warnings.length - warningsShown;
  return [
    {
      title: warnings.length === 1 ? 'Warning' : 'Warnings',
      items: [
        ...warnings.slice(0, warningsShown).map((warning) => oneLine(warning, 600)),
        ...(more > 0 ? [`and ${more} more: see the page of the build`] : []),
      ],
    },
  ];
}

/** What differs from the last release. */
export function changesList(build: Build, comparison: Comparison | undefined): List[] {
  if (!comparison) return [];
  const lines = describeComparison(comparison);
  return [
    {
      title: `What changed since ${describeAgainst(comparison.against, build)}`,
      items: lines.length > 0 ? lines : ['Nothing: the packages, the known vulnerabilities and the size are the same.'],
    },
  ];
}

/** The last lines that the project's own test printed, if it failed. */
export function failedTestOutput(reports: ScannerReports | undefined): MailContent['output'] {
  const report = reports?.reports.find(({ scanner }) => scanner === 'user-test');
  const failed = report?.scanner === 'user-test' ? report.findings[0] : undefined;
  if (!failed || failed.lastLines.length === 0) return undefined;
  return {
    title: `The last lines of ${oneLine(failed.script, 200)}`,
    text: failed.lastLines.map((line) => oneLine(line, 300)).join('\n'),
  };
}

/** How an index entry accepts a finding: an example to copy, with an expiry day that the index allows. */
export function exceptionExample({ project, verdict, endedAt, createdAt }: Build): MailContent['example'] {
  const [first] = verdict?.exceptable ?? [];
  if (!first) return undefined;
  const expires = daysAfter(dayOf(new Date(endedAt ?? createdAt)), exampleDays);
  return {
    title: `To accept one of these findings for a limited time, add an exception to the entry of ${oneLine(project, 120)} in the index:`,
    text: [
      'exceptions:',
      `  - id: ${scalar(first.id)}`,
      ...(first.package === undefined ? [] : [`    package: ${scalar(first.package)}`]),
      '    reason: why it does no harm here',
      '    owner: who answers for that',
      `    expires: ${expires}`,
    ].join('\n'),
  };
}

/** A text as a YAML scalar. Unless it is surely a plain text it is quoted as in JSON, which YAML reads the same way. */
function scalar(value: string): string {
  const text = oneLine(value, 300);
  return /^[A-Za-z/][\w./+@-]*(?::[\w./+@-]+)*$/.test(text) && !yamlWords.test(text) ? text : JSON.stringify(text);
}

const yamlWords = /^(?:true|false|yes|no|on|off|null|y|n)$/i;
