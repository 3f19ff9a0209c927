import type {
  DescribeImageScanFindingsCommandOutput,
  EnhancedImageScanFinding,
  ImageScanFinding,
  VulnerablePackage,
} from '@aws-sdk/client-ecr';
import { bySeverity, type Finding, findingKey, mostVulnerabilities, severities } from '../../core/model/findings.ts';
import { shownText } from '../../core/text/safe-line.ts';

type Page = Pick<DescribeImageScanFindingsCommandOutput, 'imageScanFindings'>;

const mostPaths = 5;

/** What pages of findings say, each defect of a package once. A page of thousands with long texts leaves nothing of itself behind. */
export function collectFindings() {
  const all = new Map<string, Finding>();
  let rows = 0;

  return {
    add({ imageScanFindings }: Page): void {
      const { findings = [], enhancedFindings = [] } = imageScanFindings ?? {};
      rows += findings.length + enhancedFindings.length;
      for (const finding of [...findings.map(basicFinding), ...enhancedFindings.flatMap(enhancedFinding)]) {
        const key = findingKey(finding);
        const known = all.get(key);
        all.set(key, known ? merged(known, finding) : finding);
      }
    },

    /** How many ECR told. */
    get rows(): number {
      return rows;
    },

    get isTooMany(): boolean {
      return all.size > mostVulnerabilities;
    },

    /** The worst first. */
    list: (): Finding[] => [...all.values()].sort(bySeverity).slice(0, mostVulnerabilities),
  };
}

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html */
function basicFinding({ name, severity, uri, description, attributes = [] }: ImageScanFinding): Finding {
  const attribute = (key: string) => attributes.find((each) => each.key === key)?.value;
  const score = Number(attribute('CVSS4_SCORE') ?? attribute('CVSS3_SCORE') ?? attribute('CVSS2_SCORE'));
  return {
    id: shown(name, 200) ?? 'unnamed finding',
    severity: severityOf(severity),
    package: shown(attribute('package_name'), 200) ?? 'unknown package',
    installed: shown(attribute('package_version'), 200) ?? 'unknown version',
    ...given('fixed', shown(attribute('fixed_in_version') ?? attribute('patched_in_version'), 200)),
    ...given('url', webAddress(uri)),
    ...given('description', shown(description, 500)),
    ...(Number.isFinite(score) ? { score } : {}),
  };
}

/** One for each package; https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EnhancedImageScanFinding.html */
function enhancedFinding(finding: EnhancedImageScanFinding): Finding[] {
  const { title, severity, description, score, status, packageVulnerabilityDetails } = finding;
  // What Inspector no longer sees in the image. A finding that somebody suppressed in Inspector is still there: exceptions are in the index.
  if (status === 'CLOSED') return [];
  const {
    vulnerabilityId,
    sourceUrl,
    relatedVulnerabilities,
    vulnerablePackages = [],
  } = packageVulnerabilityDetails ?? {};
  const { fixAvailable, exploitAvailable } = finding;
  const common = {
    id: shown(vulnerabilityId, 200) ?? shown(title, 200) ?? 'unnamed finding',
    ...given('aliases', aliasesOf(vulnerabilityId, relatedVulnerabilities)),
    severity: severityOf(severity),
    ...given('url', webAddress(sourceUrl)),
    ...given('title', shown(title, 300)),
    ...given('description', shown(description, 500)),
    ...(score !== undefined && Number.isFinite(score) ? { score } : {}),
    ...given(
      'fixAvailable',
      answers.find((each) => each === fixAvailable),
    ),
    ...(exploitAvailable === undefined ? {} : { exploitAvailable: exploitAvailable === 'YES' }),
  };
  // A finding that names no package counts like any other.
  return (vulnerablePackages.length > 0 ? vulnerablePackages : [{}]).map((vulnerable: VulnerablePackage): Finding => {
    const { name, fixedInVersion, packageManager, filePath } = vulnerable;
    const path = shown(filePath, 300);
    return {
      ...common,
      package: shown(name, 200) ?? 'unknown package',
      installed: shown(versionOf(vulnerable), 200) ?? 'unknown version',
      ...given('fixed', fixedInVersion === 'NotAvailable' ? undefined : shown(fixedInVersion, 200)),
      ...given('packageManager', shown(packageManager, 50)),
      ...(path === undefined ? {} : { paths: [path] }),
    };
  });
}

/**
 * Of an advisory about one CVE, that CVE. What else is related is another vulnerability: who accepts one of several has not accepted the
 * rest.
 */
function aliasesOf(id: string | undefined, related: readonly string[] = []): string[] | undefined {
  const [only, ...others] = new Set(related);
  const isAlias =
    only !== undefined && others.length === 0 && /^CVE-\d{4}-\d{4,19}$/.test(only) && !id?.startsWith('CVE-');
  return isAlias ? [only] : undefined;
}

const answers = ['YES', 'NO', 'PARTIAL'] as const;

/** As rpm writes it, where it has these parts. */
function versionOf({ epoch = 0, version, release }: VulnerablePackage): string | undefined {
  if (!version) return undefined;
  return `${epoch > 0 ? `${epoch}:` : ''}${version}${release ? `-${release}` : ''}`;
}

/** The worse of two that tell of the same, with what either knows. */
function merged(one: Finding, other: Finding): Finding {
  const [worse, better] =
    severities.indexOf(one.severity) <= severities.indexOf(other.severity) ? [one, other] : [other, one];
  const paths = [...new Set([...(one.paths ?? []), ...(other.paths ?? [])])].slice(0, mostPaths);
  return {
    ...better,
    ...worse,
    ...(paths.length > 0 ? { paths } : {}),
    ...(one.exploitAvailable || other.exploitAvailable ? { exploitAvailable: true } : {}),
  };
}

function severityOf(text: string | undefined): Finding['severity'] {
  // Inspector says UNTRIAGED where basic scanning says UNDEFINED.
  return severities.find((severity) => severity === text) ?? 'UNDEFINED';
}

/**
 * One line of what a database of vulnerabilities says; undefined for nothing. The text is copied, as a part of a long string keeps the
 * whole in memory, and pages of findings may have a hundred megabytes of them.
 */
function shown(text: string | undefined, longest: number): string | undefined {
  if (text === undefined) return undefined;
  const beginning = Buffer.from(text.slice(0, longest * 2)).toString();
  return shownText(beginning.replaceAll(/\s+/g, ' ').trim(), longest) || undefined;
}

/** A link that people may follow: no `javascript:`, and nothing that is no address. */
function webAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 1000 || !URL.canParse(text)) return undefined;
  const { protocol, href } = new URL(text);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}

const given = <Name extends string, Value>(name: Name, value: Value | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value };
