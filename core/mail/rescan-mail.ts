import { describeCounts, exactTime, shortDigest } from '../builds/describe-build.ts';
import { bySeverity, countsOf, type Finding, isFixable } from '../model/findings.ts';
import type { FindingChanges } from '../releases/rescan-findings.ts';
import { oneLine, webLink } from '../text/one-line.ts';
import type { Mail, MailContent } from './content.ts';
import { mailHtml } from './render-html.ts';
import { mailText } from './render-text.ts';

/** What a look at one released image found that its people do not know. */
export interface ReleaseNews {
  digest: string;
  /** Those of the tags that move and name it now. */
  tags: readonly string[];
  releasedAt: string;
  changes: FindingChanges;
  /** Why it cannot be looked at, where it cannot. */
  reason?: string | undefined;
  /** All that it has now. */
  counts: Record<string, number>;
  /** What the policy says of it today; the first reasons, where it would not let it be released. */
  verdict: { outcome: 'pass' | 'block'; reasons: readonly string[] } | undefined;
}

interface FindingsMail {
  /** `app/job:tag` */
  project: string;
  news: readonly ReleaseNews[];
  siteUrl: string;
  indexUrl?: string;
}

const itemsShown = 20;
const reasonsShown = 3;

/**
 * For the people of a project: what is known today of images that they released before. One mail tells of all images that a round
 * found news of. The subject is `[slipway] FINDINGS: app/job:tag (2 new: 1 critical, 1 high)`.
 */
export function findingsMail({ project, news, siteUrl, indexUrl }: FindingsMail): Mail {
  const name = oneLine(project, 120);
  const appeared = news.flatMap(({ changes }) => changes.appeared);
  const isLost = news.some(({ changes }) => changes.state);
  const blocked = news.filter(({ verdict }) => verdict?.outcome === 'block');
  const index = indexUrl && webLink(indexUrl);
  const images = news.length === 1 ? 'an image' : `${news.length} images`;
  const page = `${siteUrl}/projects/${project.split(/[/:]/).map(encodeURIComponent).join('/')}/releases`;
  const content: MailContent = {
    tone: appeared.length > 0 || isLost ? 'warning' : 'good',
    title: `There is news of ${news.length === 1 ? 'a released image' : 'released images'} of ${name}`,
    paragraphs: [
      `Slipway has looked again at ${images} that you released before, with what is known today: ${summaryOf(news)}.`,
      'Nothing was un-released: Slipway takes no image and no tag away by itself.',
      ...judgementOf(news, blocked),
    ],
    list: { title: 'What has changed', items: itemsOf(news) },
    advice: adviceOf(project, news, blocked.length > 0),
    facts: news.slice(0, itemsShown).flatMap(factsOf),
    links: [
      ...(news.length === 1
        ? news.map(({ digest }) => ({ label: 'See the image', address: `${page}/${digest}` }))
        : []),
      { label: 'See the releases', address: page },
    ],
    footer: [
      {
        text: `You get this mail because the index entry of ${name} names you in notify-email. An entry with a notify gets these mails only if it lists "findings". To change it, change the entry in the index${index ? ':' : '.'}`,
        link: index,
      },
    ],
  };
  return {
    subject: oneLine(`[slipway] FINDINGS: ${name} (${summaryOf(news)})`, 200),
    text: mailText(content),
    html: mailHtml(content),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Slipway-Project': oneLine(project.replace(/[^\x20-\x7e]/g, ''), 200),
      'X-Slipway-Status': 'findings',
    },
    topic: name,
  };
}

/** `2 new (1 critical, 1 high), 1 gone`; of several images each defect of a package counts once for each. */
function summaryOf(news: readonly ReleaseNews[]): string {
  const all = <Value>(of: (changes: FindingChanges) => readonly Value[]) => news.flatMap(({ changes }) => of(changes));
  const appeared = all((changes) => changes.appeared);
  const gone = all((changes) => changes.gone).length;
  const changed = all((changes) => changes.changed).length;
  const lost = news.filter(({ changes }) => changes.state).length;
  return [
    ...(appeared.length > 0 ? [`${appeared.length} new: ${describeCounts(countsOf(appeared))}`] : []),
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(gone > 0 ? [`${gone} gone`] : []),
    ...(lost > 0 ? [lost === 1 ? 'one image cannot be looked at' : `${lost} images cannot be looked at`] : []),
  ].join('; ');
}

function judgementOf(news: readonly ReleaseNews[], blocked: readonly ReleaseNews[]): string[] {
  if (blocked.length === 0)
    return news.some(({ verdict }) => verdict)
      ? ['By what the scan says, the policy would let it be released today.']
      : [];
  const reasons = [...new Set(blocked.flatMap(({ verdict }) => verdict?.reasons ?? []))];
  const more = reasons.length > reasonsShown ? [`There are ${reasons.length - reasonsShown} more reasons.`] : [];
  const which = news.length === 1 ? 'it' : `${blocked.length === news.length ? 'all' : blocked.length} of these images`;
  return [
    `The policy would not let ${which} be released today:`,
    ...reasons.slice(0, reasonsShown).map((reason) => oneLine(reason, 600)),
    ...more,
  ];
}

/** The most important first: what cannot be looked at, then what is new by its severity, then what has changed, then what is gone. */
function itemsOf(news: readonly ReleaseNews[]): string[] {
  const where = news.length === 1 ? () => '' : (each: ReleaseNews) => ` [${nameOf(each)}]`;
  const lost = news.flatMap((each) => (each.changes.state ? [`${describeLoss(each)}${where(each)}`] : []));
  const appeared = news
    .flatMap((each) => each.changes.appeared.map((finding) => ({ finding, each })))
    .sort((one, other) => bySeverity(one.finding, other.finding))
    .map(({ finding, each }) => `New: ${describeFinding(finding)}${describeFix(finding)}${where(each)}`);
  const changed = news.flatMap((each) =>
    each.changes.changed.map(({ now, before }) => `Changed: ${describeChange(now, before)}${where(each)}`),
  );
  const gone = news.flatMap((each) =>
    each.changes.gone.map((finding) => `No longer found: ${describeFinding(finding)}${where(each)}`),
  );
  const items = [...lost, ...appeared, ...changed, ...gone];
  const shown = items.slice(0, itemsShown).map((item) => oneLine(item, 600));
  return items.length > itemsShown
    ? [...shown, `and ${items.length - itemsShown} more: see the page of the releases`]
    : shown;
}

function describeFinding({ id, severity, package: name, installed }: ToldFinding): string {
  return `${oneLine(id, 100)} (${severity}) in ${oneLine(name, 150)} ${oneLine(installed, 100)}`;
}

type ToldFinding = FindingChanges['gone'][number];

function describeFix(finding: Pick<Finding, 'fixed' | 'fixAvailable'>): string {
  if (finding.fixed) return `, fixed in ${oneLine(finding.fixed, 100)}`;
  return isFixable(finding) ? ', a fixed version is there' : ', no fixed version yet';
}

function describeChange(now: Finding, before: ToldFinding): string {
  const severity = now.severity === before.severity ? '' : `, was ${before.severity}`;
  const fix = now.fixed === before.fixed && isFixable(now) === isFixable(before) ? '' : describeNewFix(now, before);
  return `${describeFinding(now)}${severity}${fix}`;
}

function describeNewFix(now: Finding, before: ToldFinding): string {
  if (isFixable(now)) return `${describeFix(now)}${isFixable(before) ? '' : ' now'}`;
  return ', no version is said to fix it any more';
}

function describeLoss({ changes, reason }: ReleaseNews): string {
  const why = reason ? `: ${oneLine(reason, 300).replace(/[.\s]+$/, '')}` : '';
  switch (changes.state?.now) {
    case 'gone':
      return `The image is not in the registry any more${why}`;
    case 'unsupported':
      return `The scanner cannot read the image any more${why}`;
    default:
      return `The image could not be scanned${why}`;
  }
}

function adviceOf(project: string, news: readonly ReleaseNews[], isBlocked: boolean): string {
  const command = `slipway build ${oneLine(project, 250)}`;
  if (news.every(({ changes }) => changes.state?.now === 'gone'))
    return `To have the image again, build it: ${command}`;
  const now = news.flatMap(({ changes }) => [...changes.appeared, ...changes.changed.map((each) => each.now)]);
  if (now.some(isFixable))
    return `There are fixed versions. Build the image anew on a base that has them, or update the packages in the Dockerfile: a push does it, or ${command}`;
  if (now.length > 0)
    return `No fixed version of these packages is known yet. Once there is one, you are told, and ${command} gets it. ${isBlocked ? 'Until then a new build is blocked, unless the package is taken out or the index accepts the finding as an exception.' : 'Until then nothing need be done.'}`;
  if (news.some(({ changes }) => changes.state))
    return `Nobody can say today what is wrong with the image. If it stays so, build it anew: ${command}`;
  return 'Nothing need be done.';
}

function factsOf(each: ReleaseNews): MailContent['facts'] {
  return [
    { label: 'Image', value: nameOf(each), code: true },
    { label: 'Digest', value: oneLine(each.digest, 100), code: true },
    { label: 'Released', value: exactTime(each.releasedAt) },
    { label: 'Findings', value: describeCounts(each.counts) },
  ];
}

function nameOf({ tags, digest }: ReleaseNews): string {
  return tags.length > 0
    ? tags
        .slice(0, 5)
        .map((tag) => oneLine(tag, 128))
        .join(', ')
    : shortDigest(digest);
}
