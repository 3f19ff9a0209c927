import { describeCounts, exactTime, shortDigest } from '../builds/describe-build.ts';
import { bySeverity, countsOf, type Finding, isFixable } from '../model/findings.ts';
import type { FindingChanges } from '../releases/rescan-findings.ts';
import { oneLine } from '../text/one-line.ts';
import type { LinkedItem, List, Mail, MailContent } from './content.ts';
import { firstItems, footerForOwners, projectHeaders } from './frame.ts';

/** What a rescan of one released image found since the last mail about it. */
export interface ReleaseChanges {
  digest: string;
  /** The floating tags that name it now. */
  tags: readonly string[];
  releasedAt: string;
  changes: FindingChanges;
  /** Why it could not be scanned, if so. */
  reason?: string | undefined;
  /** All findings that it has now. */
  counts: Record<string, number>;
  /** The verdict that it would get today. */
  verdict: { outcome: 'pass' | 'block'; reasons: readonly string[] } | undefined;
}

interface FindingsMail {
  /** `app/job:tag` */
  project: string;
  releases: readonly ReleaseChanges[];
  siteUrl: string;
  indexUrl?: string;
}

/**
 * For the owners of a project: what rescans found in images that they released before. One mail covers all images whose findings a run
 * saw change. The subject is `[slipway] FINDINGS: app/job:tag (2 new: 1 critical, 1 high)`.
 */
export function findingsMail({ project, releases, siteUrl, indexUrl }: FindingsMail): Mail {
  const name = oneLine(project, 120);
  const appeared = releases.flatMap(({ changes }) => changes.appeared);
  const isLost = releases.some(({ changes }) => changes.state);
  const blocked = releases.filter(({ verdict }) => verdict?.outcome === 'block');
  const images = releases.length === 1 ? 'A released image' : `${releases.length} released images`;
  const page = `${siteUrl}/projects/${project.split(/[/:]/).map(encodeURIComponent).join('/')}/releases`;
  const content: MailContent = {
    tone: appeared.length > 0 || isLost ? 'warning' : 'good',
    title:
      appeared.length > 0
        ? `${vulnerabilities(appeared.length)} in ${releases.length === 1 ? 'a released image' : 'released images'} of ${name}`
        : `What is known of the released images of ${name} has changed`,
    paragraphs: [
      `${images} ${releases.length === 1 ? 'was' : 'were'} scanned again. Since the scan before: ${summaryOf(releases)}.`,
      verdictText(releases, blocked),
      'Nothing was un-released: Slipway never removes an image or a tag on its own.',
    ].filter((each) => each !== undefined),
    list: { title: 'What has changed', items: itemsOf(releases) },
    ...whatHelps(project, releases, blocked.length > 0),
    lists: [
      ...reasonsOf(blocked),
      {
        title: releases.length === 1 ? 'The image' : 'The images',
        items: firstItems(releases.map((each) => imageItem(each, page))),
      },
    ],
    facts: [{ label: 'Project', value: name }],
    links: [
      ...(releases.length === 1
        ? releases.map(({ digest }) => ({ label: 'See the image', address: `${page}/${digest}` }))
        : []),
      { label: 'See the releases', address: page },
    ],
    footer: footerForOwners(
      project,
      indexUrl,
      'If the entry has the key notify, these mails are sent only if it lists "findings".',
    ),
  };
  return {
    subject: oneLine(`[slipway] FINDINGS: ${name} (${summaryOf(releases)})`, 200),
    content,
    headers: projectHeaders(project, 'findings'),
    topic: name,
  };
}

const vulnerabilities = (count: number) => (count === 1 ? '1 new vulnerability' : `${count} new vulnerabilities`);

/** `2 new: 1 critical, 1 high; 1 gone`. A vulnerability that several images have counts once for each of them. */
function summaryOf(releases: readonly ReleaseChanges[]): string {
  const all = <Value>(of: (changes: FindingChanges) => readonly Value[]) =>
    releases.flatMap(({ changes }) => of(changes));
  const appeared = all((changes) => changes.appeared);
  const gone = all((changes) => changes.gone).length;
  const changed = all((changes) => changes.changed).length;
  const lost = releases.filter(({ changes }) => changes.state).length;
  return [
    ...(appeared.length > 0 ? [`${appeared.length} new: ${describeCounts(countsOf(appeared))}`] : []),
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(gone > 0 ? [`${gone} gone`] : []),
    ...(lost > 0 ? [lost === 1 ? 'one image could not be scanned' : `${lost} images could not be scanned`] : []),
  ].join('; ');
}

function verdictText(releases: readonly ReleaseChanges[], blocked: readonly ReleaseChanges[]): string | undefined {
  const [it, its] = releases.length === 1 ? ['it', 'its'] : ['them', 'their'];
  if (blocked.length === 0)
    return releases.some(({ verdict }) => verdict) ? `The policy would allow ${its} release today.` : undefined;
  const which = blocked.length === releases.length ? it : `${blocked.length} of them`;
  return `The policy would block ${which} today.`;
}

function reasonsOf(blocked: readonly ReleaseChanges[]): List[] {
  const reasons = [...new Set(blocked.flatMap(({ verdict }) => verdict?.reasons ?? []))];
  return reasons.length > 0 ? [{ title: 'Why the policy would block', items: firstItems(reasons) }] : [];
}

function imageItem(each: ReleaseChanges, page: string): LinkedItem {
  const { digest, releasedAt, counts } = each;
  const text = `${describeCounts(counts)}; released ${exactTime(releasedAt)}`;
  return { name: nameOf(each), link: `${page}/${digest}`, text };
}

/** The most important first: images that cannot be scanned, then new findings by severity, then changed ones, then those that are gone. */
function itemsOf(releases: readonly ReleaseChanges[]): string[] {
  const where = releases.length === 1 ? () => '' : (each: ReleaseChanges) => ` [${nameOf(each)}]`;
  const lost = releases.flatMap((each) => (each.changes.state ? [`${describeLoss(each)}${where(each)}`] : []));
  const appeared = releases
    .flatMap((each) => each.changes.appeared.map((finding) => ({ finding, each })))
    .sort((one, other) => bySeverity(one.finding, other.finding))
    .map(
      ({ finding, each }) =>
        `New: ${describeFinding(finding)}${onPlatforms(finding)}${describeFix(finding)}${where(each)}`,
    );
  const changed = releases.flatMap((each) =>
    each.changes.changed.map(({ now, before }) => `Changed: ${describeChange(now, before)}${where(each)}`),
  );
  const gone = releases.flatMap((each) =>
    each.changes.gone.map((finding) => `No longer found: ${describeFinding(finding)}${where(each)}`),
  );
  return firstItems([...lost, ...appeared, ...changed, ...gone], 'see the releases page');
}

function describeFinding({ id, severity, package: name, installed }: KnownFinding): string {
  return `${oneLine(id, 100)} (${severity}) in ${oneLine(name, 150)} ${oneLine(installed, 100)}`;
}

/** Of an image index, which images have it, unless all do. */
function onPlatforms({ platforms }: Pick<Finding, 'platforms'>): string {
  return platforms === undefined ? '' : ` on ${platforms.join(' and ')}`;
}

type KnownFinding = FindingChanges['gone'][number];

function describeFix(finding: Pick<Finding, 'fixed' | 'fixAvailable'>): string {
  if (finding.fixed) return `, fixed in ${oneLine(finding.fixed, 100)}`;
  return isFixable(finding) ? ', a fixed version is available' : ', no fixed version yet';
}

function describeChange(now: Finding, before: KnownFinding): string {
  const severity = now.severity === before.severity ? '' : `, was ${before.severity}`;
  const fix = now.fixed === before.fixed && isFixable(now) === isFixable(before) ? '' : describeNewFix(now, before);
  return `${describeFinding(now)}${severity}${fix}`;
}

function describeNewFix(now: Finding, before: KnownFinding): string {
  if (isFixable(now)) return `${describeFix(now)}${isFixable(before) ? '' : ' now'}`;
  return ', no fixed version is known any more';
}

function describeLoss({ changes, reason }: ReleaseChanges): string {
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

function whatHelps(
  project: string,
  releases: readonly ReleaseChanges[],
  isBlocked: boolean,
): Pick<MailContent, 'advice' | 'example'> {
  const text = `slipway build ${oneLine(project, 250)}`;
  if (releases.every(({ changes }) => changes.state?.now === 'gone'))
    return { example: { title: 'To get the image back, build it again:', text } };
  const now = releases.flatMap(({ changes }) => [...changes.appeared, ...changes.changed.map((each) => each.now)]);
  if (now.some(isFixable)) {
    const title =
      'There are fixed versions. Update the packages in the Dockerfile and push, or build the image again on a base image that has them:';
    return { example: { title, text } };
  }
  if (now.length > 0) {
    const meanwhile = isBlocked
      ? 'Until then, a new build is blocked unless you remove the package or the index accepts the finding as an exception.'
      : 'Until then, you need not do anything.';
    const advice = `No fixed version of these packages is known yet. When there is one, you get another mail. ${meanwhile}`;
    return { advice };
  }
  if (releases.some(({ changes }) => changes.state)) {
    const title =
      'Without a scan, it is not known which vulnerabilities the image has. If this continues, build it again:';
    return { example: { title, text } };
  }
  return { advice: 'You need not do anything.' };
}

function nameOf({ tags, digest }: ReleaseChanges): string {
  return tags.length > 0
    ? tags
        .slice(0, 5)
        .map((tag) => oneLine(tag, 128))
        .join(', ')
    : shortDigest(digest);
}
