import {
  describeAuthored,
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
import { isPassing, withoutOutput } from '../builds/failure.ts';
import type { Fixed } from '../builds/fixed.ts';
import { describeHeldBuild, type HoldInForce } from '../holds/hold.ts';
import type { Build } from '../model/build.ts';
import type { Comparison } from '../releases/image-diff.ts';
import type { ScannerReports } from '../scanners/report.ts';
import { commitLink } from '../sources/source-pages.ts';
import { describeTarget, targetLink } from '../targets/describe-target.ts';
import type { TargetState } from '../targets/target-state.ts';
import { oneLine } from '../text/one-line.ts';
import { plainLog } from '../text/plain-log.ts';
import type { Mail, MailContent } from './content.ts';
import { firstItems, footerForOwners, headerValue, projectHeaders } from './frame.ts';
import { endWord, mailDetailsOf } from './mailed-end.ts';
import { changesList, exceptionExample, failedTestOutput, warningsList } from './verdict-sections.ts';

/** What a mail can say in addition to the build's record. */
export interface MailDetails {
  /** The end of the log. Only the last lines are used. */
  logTail?: string | undefined;
  /** What differs from the last release. */
  comparison?: Comparison | undefined;
  /** The reports of the builder's scanners. */
  scanners?: ScannerReports | undefined;
  /** The failures that the build ended. */
  fixed?: Fixed | undefined;
  /** What the targets of the project have. */
  targets?: readonly TargetState[];
  /** The address of the index, for readers who want to change who gets these mails. */
  indexUrl?: string;
}

const logLinesShown = 30;
const onPage = 'see the page of the build';

/**
 * The mail about the end of a build; undefined where nobody needs one.
 *
 * Subjects are `[slipway] RELEASED: app/job:tag (branch commit)`, and the same with `FIXED`, `BLOCKED`, `FAILED`, `HELD` and `ROLLED BACK`.
 * CCCP's users filter by such subjects (`[registry] SUCCESS: Container build …`) and asked for the commit in them. The brackets do not name
 * the registry: an ECR host of 50 letters would push the status off the screen.
 */
export function buildMail(build: Build, siteUrl: string, details: MailDetails = {}): Mail | undefined {
  if (!mailDetailsOf(build, details.fixed)) return undefined;
  if (build.cause.type === 'rollback') return rollbackMail(build, build.cause, siteUrl, details);
  if (build.held) return heldMail(build, build.held, siteUrl, details);
  if (build.status === 'released' || details.fixed) return releasedMail(build, siteUrl, details);
  if (build.status === 'blocked') return blockedMail(build, siteUrl, details);
  if (build.status === 'failed') return failedMail(build, siteUrl, details);
  return undefined;
}

/** The image is released: how to pull it, and what it was built from. */
export function releasedMail(build: Build, siteUrl: string, details: MailDetails = {}): Mail {
  const { image } = build;
  const { fixed } = details;
  return mailOf(build, siteUrl, details, {
    tone: 'good',
    title: `${projectName(build)} is ${fixed ? 'fixed' : 'released'}`,
    paragraphs: [
      ...(build.status === 'released' ? [] : ['The image is the one that is released already.']),
      ...(fixed ? [describeFixed(fixed)] : []),
    ],
    command: image && pullCommand(build.project, image),
    lists: [
      ...targetsList(build, details.targets ?? []),
      ...changesList(build, details.comparison),
      ...(build.verdict ? warningsList(build.verdict) : []),
    ],
  });
}

function pullCommand(project: string, { repository, tags, digest }: NonNullable<Build['image']>): string {
  const tag = pullTag(project, tags);
  return `docker pull ${oneLine(repository, 400)}${tag ? `:${oneLine(tag, 128)}` : `@${digest}`}`;
}

function describeFixed({ from, since, failures }: Fixed): string {
  const end = from === 'failed' ? 'failed' : 'was blocked';
  return failures === 1
    ? `The build before it ${end} on ${exactTime(since)}.`
    : `It is the first success after ${failures} builds that failed or were blocked, the first of them on ${exactTime(since)}.`;
}

/** The image passed, and a hold keeps it from its release. */
function heldMail(build: Build, held: HoldInForce, siteUrl: string, details: MailDetails): Mail {
  return mailOf(build, siteUrl, details, {
    tone: 'warning',
    title: `${projectName(build)} is held`,
    paragraphs: [describeHeldBuild(held), 'The floating tags stay where they are, and the image waits.'],
    example: {
      title: 'When the hold ends, the newest image that waits is judged again and released. To end it:',
      text: `slipway unhold ${projectName(build)}`,
    },
    lists: changesList(build, details.comparison),
  });
}

/** The floating tags name an earlier release again: what that means for the next builds. A failed rollback may have moved some of them. */
function rollbackMail(
  build: Build,
  { from, to }: Extract<Build['cause'], { type: 'rollback' }>,
  siteUrl: string,
  details: MailDetails,
): Mail {
  const name = projectName(build);
  const isDone = build.status === 'released';
  return mailOf(build, siteUrl, details, {
    tone: isDone ? 'warning' : 'bad',
    title: isDone ? `${name} was rolled back` : `The rollback of ${name} failed`,
    paragraphs: isDone
      ? [
          'Its floating tags name an earlier release again, and are held there. Builds and scans go on; what passes waits.',
          'Projects that are based on it are rebuilt on the earlier release.',
        ]
      : [oneLine(build.failure?.message ?? '', 2000), 'Some of the floating tags may have been moved.'],
    command: isDone && build.image ? pullCommand(build.project, build.image) : undefined,
    example: isDone
      ? {
          title:
            'When the cause is fixed, end the hold. The newest image that waits then is judged again and released:',
          text: `slipway unhold ${name}`,
        }
      : { title: 'Call for it once more:', text: `slipway rollback ${name} --to ${oneLine(to, 100)}` },
    facts: [{ label: 'Taken back', value: oneLine(from, 100), code: true }],
  });
}

/** Where the release is deployed, and what is in the way of it. */
function targetsList({ id }: Build, targets: readonly TargetState[]): { title: string; items: string[] }[] {
  const items = targets
    .filter(({ wanted }) => wanted.build === id)
    .map((target) =>
      [`${oneLine(target.target, 300)} ${describeTarget(target)}`, targetLink(target) ?? []].flat().join(': '),
    );
  return items.length > 0 ? [{ title: 'Deployed', items: firstItems(items, onPage) }] : [];
}

/** The image was built but blocked: why, and what would get it released. */
export function blockedMail(build: Build, siteUrl: string, details: MailDetails = {}): Mail {
  const { reasons = [], counts = {}, exceptable = [] } = build.verdict ?? {};
  const hasFindings = exceptable.length > 0 || Object.values(counts).some((count) => count > 0);
  return mailOf(build, siteUrl, details, {
    tone: 'warning',
    title: `${projectName(build)} is blocked`,
    paragraphs: [
      'The image was built, but the policy does not allow its release. Nothing was released, and no release tag was changed.',
    ],
    list: {
      title: 'Reasons',
      items: firstItems(reasons.length > 0 ? reasons : ['The build record does not say why.'], onPage),
    },
    advice: hasFindings
      ? 'To get it released, fix every reason listed here, then push: the new image is scanned and checked again. A newer base image or a package update in the Dockerfile is most often enough.'
      : 'To get it released, the image needs a complete scan: push again to have it scanned again. If that does not help, build it on a distribution that the scanner supports.',
    example: exceptionExample(build),
    output: failedTestOutput(details.scanners),
    lists: changesList(build, details.comparison),
  });
}

/** The build failed: why, and where to look. */
export function failedMail(build: Build, siteUrl: string, details: MailDetails = {}): Mail {
  const { error, message } = build.failure ?? {
    error: 'UnknownError',
    message: 'The build record does not say why. Read the log.',
  };
  const log = details.logTail ? lastLines(details.logTail) : '';
  return mailOf(build, siteUrl, details, {
    tone: 'bad',
    title: `The build of ${projectName(build)} failed`,
    paragraphs: [
      oneLine(log ? withoutOutput(message) : message, 2000),
      'Nothing was released, and no release tag was changed.',
    ],
    ...whatHelps(build, error),
    facts: [{ label: 'Error', value: oneLine(error, 100) }],
    output: log ? { title: 'The last lines of the log', text: log } : undefined,
  });
}

/** What the project's people can do about a failure. */
function whatHelps(build: Build, error: string): Pick<MailContent, 'advice' | 'example'> {
  if (!isPassing(error)) return { advice: 'Push a commit that fixes it: Slipway then builds the project again.' };
  // The failure's own message says that the project is not at fault.
  return {
    example: {
      title: 'Push any commit, or have it built again:',
      text: `slipway build ${projectName(build)}`,
    },
  };
}

type BuildContent = Omit<MailContent, 'facts' | 'links' | 'footer'> & Partial<Pick<MailContent, 'facts'>>;

function mailOf(build: Build, siteUrl: string, { indexUrl, fixed }: MailDetails, own: BuildContent): Mail {
  const project = projectName(build);
  const content: MailContent = {
    ...own,
    paragraphs: [`${describeCause(build.cause, build.gitHost).replace(/\.$/, '')}.`, ...own.paragraphs],
    facts: [...(own.facts ?? []), ...factsOf(build)],
    links: [
      { label: 'Open the build', address: `${siteUrl}/builds/${build.id}` },
      // A rollback builds nothing.
      ...(build.cause.type === 'rollback'
        ? []
        : [{ label: 'Read the log', address: `${siteUrl}/builds/${build.id}/log` }]),
    ],
    footer: footerForOwners(build.project, indexUrl),
  };
  return {
    subject: oneLine(
      `[slipway] ${endWord(build, fixed)}: ${project} (${oneLine(refName(build.ref), 60)} ${shortCommit(build.commit)})`,
      200,
    ),
    content,
    headers: {
      'X-Slipway-Build': headerValue(build.id),
      ...projectHeaders(build.project, endWord(build, fixed).toLowerCase().replace(' ', '-')),
    },
    topic: project,
  };
}

function factsOf(build: Build): MailContent['facts'] {
  const { image, verdict } = build;
  const facts: MailContent['facts'] = [
    {
      label: 'Commit',
      value: oneLine(build.commit, 64),
      link: commitLink({ url: build.sourceUrl, gitHost: build.gitHost }, build.commit),
      code: true,
    },
    ...(build.authored ? [{ label: 'Author', value: describeAuthored(build.authored) }] : []),
    { label: 'Source', value: `${describeSource(build.sourceUrl)} (${describeRef(build.ref)})` },
  ];
  if (image) {
    facts.push(
      { label: 'Image', value: oneLine(image.repository, 400), code: true },
      {
        label: 'Tags',
        value: firstItems(
          image.tags.map((tag) => oneLine(tag, 128)),
          onPage,
        ).join(', '),
        code: true,
      },
      { label: 'Digest', value: oneLine(image.digest, 100), code: true },
      ...(image.platforms ?? []).map(({ platform, digest }) => ({ label: platform, value: digest, code: true })),
    );
  }
  if (verdict) {
    facts.push({
      label: 'Verdict',
      value: `${describeVerdict(verdict)}: ${describeCounts(verdict.counts)}`,
    });
  }
  const took = build.endedAt ? `, took ${describeDuration(elapsed(build, new Date(build.endedAt)))}` : '';
  facts.push({ label: 'Requested', value: `${exactTime(build.createdAt)}${took}` });
  return facts;
}

function projectName(build: Build): string {
  return oneLine(build.project, 120);
}

/** Without the error that the builder writes below its last heading: the mail begins with it. */
function lastLines(log: string): string {
  const [before = '', ...after] = plainLog(log.slice(-64_000)).split(/^(?===> failed \()/m);
  const end = [before, ...after.slice(0, -1)].join('');
  const lines = end.trimEnd().split('\n').slice(-logLinesShown);
  return lines.map((line) => [...line.slice(0, 2000)].slice(0, 300).join('')).join('\n');
}
