import {
  commitLink,
  describeCause,
  describeCounts,
  describeDuration,
  describeRef,
  describeSource,
  describeVerdict,
  elapsed,
  exactTime,
  pullTag,
  refName,
  shortCommit,
} from '../builds/describe-build.ts';
import type { Diagnostic } from '../index/read-index.ts';
import type { Build } from '../model/build.ts';
import type { Comparison } from '../releases/image-diff.ts';
import type { ScannerReports } from '../scanners/report.ts';
import { oneLine, webLink } from '../text/one-line.ts';
import { plainLog } from '../text/plain-log.ts';
import type { Mail, MailContent } from './content.ts';
import { mailHtml } from './render-html.ts';
import { mailText } from './render-text.ts';
import { changesList, exceptionExample, failedTestOutput, warningsList } from './verdict-sections.ts';

export type { Mail } from './content.ts';

/** What a mail can say beside the build's own record. */
export interface MailDetails {
  /** The end of the log. Only the last lines are used. */
  logTail?: string;
  /** What differs from the last release. */
  comparison?: Comparison | undefined;
  /** What the builder's scanners said. */
  scanners?: ScannerReports | undefined;
  /** Where the index is, for those who want to change who gets these mails. */
  indexUrl?: string;
}

const itemsShown = 20;
const logLinesShown = 20;

/**
 * The mail about a build's end; undefined for an end that nobody needs to hear of (superseded, unchanged, cancelled; of a pull
 * request, whose commit says it), and for one that the entry's `notify` leaves out.
 *
 * Subjects are `[slipway] RELEASED: app/job:tag (branch commit)`, and so with `BLOCKED` and `FAILED`: what CCCP's people filter by
 * (`[registry] SUCCESS: Container build …`), with the commit that they asked for. The registry is left out of the brackets, where
 * an ECR host of 50 letters would push the news off the screen.
 */
export function buildMail(build: Build, siteUrl: string, details: MailDetails = {}): Mail | undefined {
  if (build.cause.type === 'pull-request') return undefined;
  if (build.notify && !build.notify.some((status) => status === build.status)) return undefined;
  if (build.status === 'released') return releasedMail(build, siteUrl, details);
  if (build.status === 'blocked') return blockedMail(build, siteUrl, details);
  if (build.status === 'failed') return failedMail(build, siteUrl, details);
  return undefined;
}

/** The image is there: how to get it, and what made it. */
export function releasedMail(build: Build, siteUrl: string, details: MailDetails = {}): Mail {
  const { image } = build;
  const tag = image && pullTag(build.project, image.tags);
  return mailOf(build, siteUrl, details, {
    tone: 'good',
    title: `${projectName(build)} is released`,
    paragraphs: ['The image was built, scanned and released.'],
    ...(image
      ? {
          command: `docker pull ${oneLine(image.repository, 400)}${tag ? `:${oneLine(tag, 128)}` : `@${image.digest}`}`,
        }
      : {}),
    lists: [...changesList(build, details.comparison), ...(build.verdict ? warningsList(build.verdict) : [])],
  });
}

/** The image was built, but may not be released: why not, and what would change that. */
export function blockedMail(build: Build, siteUrl: string, details: MailDetails = {}): Mail {
  const { reasons = [], counts = {}, exceptable = [] } = build.verdict ?? {};
  const hasFindings = exceptable.length > 0 || Object.values(counts).some((count) => count > 0);
  return mailOf(build, siteUrl, details, {
    tone: 'warning',
    title: `${projectName(build)} is blocked`,
    paragraphs: ['The image was built, but the policy does not let it be released. No release tag has moved.'],
    list: { title: 'Reasons', items: shortened(reasons.length > 0 ? reasons : ['The record has no reason.']) },
    advice: hasFindings
      ? 'To get it released, remove each of these reasons, most often by a newer base image or by updating the packages in the Dockerfile, and push. The new image is judged anew.'
      : 'To get it released, the image needs a scan that ends: push again to have it scanned once more. If it stays so, build on a distribution that the scanner knows.',
    example: exceptionExample(build),
    output: failedTestOutput(details.scanners),
    lists: changesList(build, details.comparison),
  });
}

/** The build broke: what happened, and where to look. */
export function failedMail(build: Build, siteUrl: string, details: MailDetails = {}): Mail {
  const { error, message } = build.failure ?? {
    error: 'UnknownError',
    message: 'The record does not say why. The log has more.',
  };
  const log = details.logTail ? lastLines(details.logTail) : '';
  return mailOf(build, siteUrl, details, {
    tone: 'bad',
    title: `The build of ${projectName(build)} failed`,
    paragraphs: [oneLine(message, 2000), 'Nothing was released. No release tag has moved.'],
    advice: 'Push a commit that mends it, and the project is built again.',
    facts: [{ label: 'Error', value: oneLine(error, 100) }],
    output: log ? { title: 'The last lines of the log', text: log } : undefined,
  });
}

type News = Omit<MailContent, 'facts' | 'links' | 'footer'> & Partial<Pick<MailContent, 'facts'>>;

function mailOf(build: Build, siteUrl: string, { indexUrl }: MailDetails, news: News): Mail {
  const project = projectName(build);
  const index = indexUrl && webLink(indexUrl);
  const content: MailContent = {
    ...news,
    facts: [...(news.facts ?? []), ...factsOf(build)],
    links: [
      { label: 'Open the build', address: `${siteUrl}/builds/${build.id}` },
      { label: 'Read the log', address: `${siteUrl}/api/v1/builds/${build.id}/log` },
    ],
    footer: [
      {
        text: `You get this mail because the index entry of ${project} names you in notify-email. To change who gets it, change the entry in the index${index ? ':' : '.'}`,
        link: index,
      },
    ],
  };
  const word = build.status.toUpperCase();
  return {
    subject: oneLine(
      `[slipway] ${word}: ${project} (${oneLine(refName(build.ref), 60)} ${shortCommit(build.commit)})`,
      200,
    ),
    text: mailText(content),
    html: mailHtml(content),
    headers: {
      ...commonHeaders,
      'X-Slipway-Build': headerValue(build.id),
      'X-Slipway-Project': headerValue(build.project),
      'X-Slipway-Status': build.status,
    },
    topic: project,
  };
}

function factsOf(build: Build): MailContent['facts'] {
  const { image, verdict } = build;
  const facts: MailContent['facts'] = [
    { label: 'Cause', value: describeCause(build.cause) },
    { label: 'Commit', value: oneLine(build.commit, 64), link: commitLink(build.sourceUrl, build.commit), code: true },
    { label: 'Source', value: `${describeSource(build.sourceUrl)} (${describeRef(build.ref)})` },
  ];
  if (image) {
    facts.push(
      { label: 'Image', value: oneLine(image.repository, 400), code: true },
      { label: 'Tags', value: shortened(image.tags.map((tag) => oneLine(tag, 128))).join(', '), code: true },
      { label: 'Digest', value: oneLine(image.digest, 100), code: true },
    );
  }
  if (verdict) {
    facts.push({
      label: 'Verdict',
      value: `${describeVerdict(verdict)}: ${describeCounts(verdict.counts)}`,
    });
  }
  const took = build.endedAt ? `, took ${describeDuration(elapsed(build, new Date(build.endedAt)))}` : '';
  facts.push({ label: 'Accepted', value: `${exactTime(build.createdAt)}${took}` });
  return facts;
}

export interface IndexDiagnosticsReport {
  /** `owner/name` */
  repository: string;
  commit: string;
  /** None when the index could be read but has no projects. */
  problems: Diagnostic[];
  siteUrl: string;
}

/** For the operators: an index that could not be used as a whole. */
export function indexDiagnosticsMail({ repository, commit, problems, siteUrl }: IndexDiagnosticsReport): Mail {
  const name = oneLine(repository, 200);
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const news = problems.length === 0 ? 'no projects' : count;
  const content: MailContent = {
    tone: 'warning',
    title: `The index ${name} has ${news}`,
    paragraphs: [
      'Nothing was removed. Entries without a problem are in force; projects whose entries cannot be read stay as they were known before.',
    ],
    list: problems.length > 0 ? { title: 'Problems', items: shortened(problems.map(describeProblem)) } : undefined,
    advice: 'Mend the index with a commit, and it is read again.',
    facts: [
      { label: 'Index', value: name },
      { label: 'Commit', value: oneLine(commit, 64), code: true },
    ],
    links: [{ label: 'Projects', address: `${siteUrl}/projects` }],
    footer: [{ text: 'You get this mail because the configuration of this Slipway names you as an operator.' }],
  };
  return {
    subject: oneLine(`[slipway] INDEX: ${news} in ${name} (${shortCommit(commit)})`, 200),
    text: mailText(content),
    html: mailHtml(content),
    headers: commonHeaders,
    topic: name,
  };
}

function describeProblem({ file, line, column, entry, message }: Diagnostic): string {
  return `${oneLine(file, 200)}:${line}:${column}${entry ? ` ${oneLine(entry, 200)}` : ''}: ${oneLine(message, 400)}`;
}

/** No automatic answers, please: https://www.rfc-editor.org/rfc/rfc3834#section-5 */
const commonHeaders = { 'Auto-Submitted': 'auto-generated' };

function projectName(build: Build): string {
  return oneLine(build.project, 120);
}

/** Printable ASCII only. */
function headerValue(value: string): string {
  return oneLine(value.replace(/[^\x20-\x7e]/g, ''), 200);
}

function shortened(items: string[]): string[] {
  const shown = items.slice(0, itemsShown).map((item) => oneLine(item, 600));
  return items.length > itemsShown
    ? [...shown, `and ${items.length - itemsShown} more: see the page of the build`]
    : shown;
}

function lastLines(log: string): string {
  const lines = plainLog(log.slice(-64_000)).trimEnd().split('\n').slice(-logLinesShown);
  return lines.map((line) => [...line.slice(0, 2000)].slice(0, 300).join('')).join('\n');
}
