import type { Build, Verdict } from '../model/build.ts';
import { describeAgainst, describeComparison } from '../releases/describe-diff.ts';
import type { Comparison } from '../releases/image-diff.ts';
import type { ScannerReports } from '../scanners/report.ts';
import { oneLine } from '../text/one-line.ts';
import { dayOf, daysAfter } from '../time/day.ts';
import type { MailContent } from './content.ts';

/** What mails say of a verdict and of what led to it. */

/** A mail is for what matters; the page has all. */
const warningsShown = 5;
/** An exception that is copied as it stands is looked at again long before the longest time that there is. */
const exampleDays = 90;

type List = NonNullable<MailContent['list']>;

/** What an image that is not blocked is warned of. */
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

/** What is new against the last release. */
export function changesList(build: Build, comparison: Comparison | undefined): List[] {
  if (!comparison) return [];
  const lines = describeComparison(comparison);
  return [
    {
      title: `What changed since ${describeAgainst(comparison.against, build)}`,
      items: lines.length > 0 ? lines : ['Neither the packages nor the known vulnerabilities nor the size.'],
    },
  ];
}

/** What the project's own test printed last, where it failed. */
export function failedTestOutput(reports: ScannerReports | undefined): MailContent['output'] {
  const report = reports?.reports.find(({ scanner }) => scanner === 'user-test');
  const failed = report?.scanner === 'user-test' ? report.findings[0] : undefined;
  if (!failed || failed.lastLines.length === 0) return undefined;
  return {
    title: `The last lines of ${oneLine(failed.script, 200)}`,
    text: failed.lastLines.map((line) => oneLine(line, 300)).join('\n'),
  };
}

/** How an index entry accepts a finding: a text to be copied, with a day that the index takes. */
export function exceptionExample({ project, verdict, endedAt, createdAt }: Build): MailContent['example'] {
  const [first] = verdict?.exceptable ?? [];
  if (!first) return undefined;
  const expires = daysAfter(dayOf(new Date(endedAt ?? createdAt)), exampleDays);
  return {
    title: `To accept one of them for some time, say so in the entry of ${oneLine(project, 120)} in the index:`,
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

/** A text as YAML has it: what is not plain beyond doubt stands in quotes, which YAML reads as JSON does. */
function scalar(value: string): string {
  const text = oneLine(value, 300);
  return /^[A-Za-z/][\w./+@-]*(?::[\w./+@-]+)*$/.test(text) && !yamlWords.test(text) ? text : JSON.stringify(text);
}

const yamlWords = /^(?:true|false|yes|no|on|off|null|y|n)$/i;
