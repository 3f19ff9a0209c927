import { createHash } from 'node:crypto';
import { z } from 'zod';
import { arnOf } from '../../registry/exchange.ts';
import type { StoredImage } from '../../registry/images.ts';
import type { Finding } from '../../scanner/finding.ts';
import { findingsSchema } from '../../scanner/record-scanner.ts';
import type { Account } from '../service.ts';

/** One vulnerability of one image, in all the packages that have it, as it is stored. */
const keptSchema = z.object({
  arn: z.string(),
  firstObservedAt: z.number(),
  lastObservedAt: z.number(),
  updatedAt: z.number(),
  packages: findingsSchema.min(1),
});

export const keptFindingsSchema = z.array(keptSchema);
export type KeptFinding = z.infer<typeof keptSchema>;

/** What another scan of an image has changed. */
export interface Changes {
  kept: KeptFinding[];
  /** New ones, and those of which something is new. */
  changed: KeptFinding[];
  /** What was found before, and is not any more. */
  closed: KeptFinding[];
}

export function changesOf(
  account: Account,
  image: StoredImage,
  before: KeptFinding[],
  found: Finding[],
  now: number,
): Changes {
  const known = new Map(before.map((finding) => [finding.arn, finding]));
  const byName = Map.groupBy(found, ({ name }) => name);
  const changed: KeptFinding[] = [];
  const kept = [...byName].map(([name, packages]): KeptFinding => {
    const hash = createHash('sha256').update(`${image.repository} ${image.digest} ${name}`).digest('hex').slice(0, 32);
    const arn = `arn:aws:inspector2:${account.region}:${account.id}:finding/${hash}`;
    const earlier = known.get(arn);
    known.delete(arn);
    // As it is read back: members that are undefined are missing.
    const isSame =
      earlier !== undefined && JSON.stringify(findingsSchema.parse(packages)) === JSON.stringify(earlier.packages);
    const finding = {
      arn,
      firstObservedAt: earlier?.firstObservedAt ?? now,
      lastObservedAt: now,
      updatedAt: isSame ? earlier.updatedAt : now,
      packages: findingsSchema.parse(packages),
    };
    if (!isSame) changed.push(finding);
    return finding;
  });
  // Pages of them are by their names.
  kept.sort((one, other) => (one.arn < other.arn ? -1 : 1));
  return { kept, changed, closed: [...known.values()].map((finding) => ({ ...finding, updatedAt: now })) };
}

export type FindingStatus = 'ACTIVE' | 'CLOSED';

interface Reported {
  account: Account;
  image: StoredImage;
  tags: string[];
  finding: KeptFinding;
  status: FindingStatus;
}

/** As DescribeImageScanFindings gives it. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EnhancedImageScanFinding.html */
export function asAnswer(reported: Reported) {
  const { score, cvss, common } = partsOf(reported, (milliseconds) => milliseconds / 1000);
  return {
    ...common,
    score,
    scoreDetails: score === undefined ? undefined : { cvss: { adjustments: [], ...cvss } },
  };
}

/** As an event reports it, with dates for people. https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html */
export const asEvent = (reported: Reported) => inspectorsOwn(reported, dateOfEvents);

/** As ListFindings gives it. https://docs.aws.amazon.com/inspector/v2/APIReference/API_Finding.html */
export const asListed = (reported: Reported) => inspectorsOwn(reported, (milliseconds) => milliseconds / 1000);

function inspectorsOwn<Time>(reported: Reported, time: (milliseconds: number) => Time) {
  const { score, cvss, common } = partsOf(reported, time);
  if (score === undefined) return common;
  const adjustedCvss = { adjustments: [], cvssSource: 'NVD', ...cvss };
  return { ...common, inspectorScore: score, inspectorScoreDetails: { adjustedCvss } };
}

export function imageArn(account: Account, { repository, digest }: StoredImage): string {
  return `${arnOf(account, repository)}/${digest}`;
}

function partsOf<Time>({ account, image, tags, finding, status }: Reported, time: (milliseconds: number) => Time) {
  const { packages, arn } = finding;
  // The schema says that there is one.
  const [first = {} as KeptFinding['packages'][number]] = packages;
  const { name, description = '', uri, severity, cvss, platform } = first;
  const withFix = packages.filter(({ fixedVersion }) => fixedVersion !== undefined).length;
  const version = cvss?.version === 2 ? '2.0' : (/^CVSS:(\d\.\d)/.exec(cvss?.vector ?? '')?.[1] ?? '3.1');
  const scored = cvss && { scoreSource: 'NVD', score: cvss.score, scoringVector: cvss.vector, version };
  return {
    score: cvss?.score,
    cvss: scored,
    common: {
      awsAccountId: account.id,
      description,
      findingArn: arn,
      firstObservedAt: time(finding.firstObservedAt),
      lastObservedAt: time(finding.lastObservedAt),
      updatedAt: time(finding.updatedAt),
      packageVulnerabilityDetails: {
        cvss: cvss ? [{ baseScore: cvss.score, scoringVector: cvss.vector, source: 'NVD', version }] : [],
        referenceUrls: uri === undefined ? [] : [uri],
        relatedVulnerabilities: [],
        source: 'NVD',
        sourceUrl: uri ?? `https://nvd.nist.gov/vuln/detail/${encodeURIComponent(name)}`,
        vulnerabilityId: name,
        vulnerablePackages: packages.map(vulnerablePackage),
      },
      remediation: { recommendation: { text: 'None Provided' } },
      resources: [
        {
          details: {
            awsEcrContainerImage: {
              imageHash: image.digest,
              imageTags: tags,
              platform,
              pushedAt: time(image.pushedAt),
              registry: account.id,
              repositoryName: image.repository,
            },
          },
          id: imageArn(account, image),
          type: 'AWS_ECR_CONTAINER_IMAGE',
        },
      ],
      severity: severityOfInspector(severity),
      status,
      title: `${name} - ${[...new Set(packages.map(({ packageName }) => packageName))].join(', ')}`,
      type: 'PACKAGE_VULNERABILITY',
      fixAvailable: withFix === 0 ? 'NO' : withFix < packages.length ? 'PARTIAL' : 'YES',
      exploitAvailable: 'NO',
    },
  };
}

/** `1:2.36-9`: Inspector has the parts of a distribution's version one by one. */
function vulnerablePackage({
  packageName: name,
  packageVersion,
  fixedVersion,
  language,
}: KeptFinding['packages'][number]) {
  const fixedInVersion = fixedVersion ?? 'NotAvailable';
  if (language) {
    const { packageManager, path: filePath } = language;
    return { epoch: 0, name, packageManager, filePath, version: packageVersion, fixedInVersion };
  }
  const [, epoch = '0', version = packageVersion, release] =
    /^(?:(\d+):)?(.+?)(?:-([^-]*))?$/.exec(packageVersion) ?? [];
  return { epoch: Number(epoch), name, packageManager: 'OS', version, release, fixedInVersion };
}

/** Inspector's name for what ECR calls undefined. */
export const severityOfInspector = (severity: Finding['severity']) =>
  severity === 'UNDEFINED' ? 'UNTRIAGED' : severity;

/** `Dec 3, 2021, 6:02:30 PM` */
const eventDate = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' });
// ICU puts a narrow space before AM and PM.
const dateOfEvents = (milliseconds: number) => eventDate.format(milliseconds).replaceAll(/\p{Zs}/gu, ' ');
