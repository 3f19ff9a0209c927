import { isDeepStrictEqual } from 'node:util';
import type {
  DescribeImageScanFindingsCommandOutput,
  EnhancedImageScanFinding,
  ImageScanFinding,
  VulnerablePackage,
} from '@aws-sdk/client-ecr';
import {
  bySeverity,
  type Finding,
  findingKey,
  mostVulnerabilities,
  severities,
  unknownVersion,
} from '../../core/model/findings.ts';
import { shownText } from '../../core/text/safe-line.ts';
import { basicPackage, enhancedPackage, platformOf } from './finding-packages.ts';

type Page = Pick<DescribeImageScanFindingsCommandOutput, 'imageScanFindings'>;

const mostPaths = 5;

/** What pages of findings say, each defect of a package once. A page of thousands with long texts leaves nothing of itself behind. */
export function collectFindings() {
  const all = new Map<string, Finding>();
  let rows = 0;

  return {
    add({ imageScanFindings }: Page): void {
      const findings = present(imageScanFindings?.findings);
      const enhancedFindings = present(imageScanFindings?.enhancedFindings);
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
function basicFinding({ name, severity, uri, description, attributes }: ImageScanFinding): Finding {
  const attribute = (key: string) => present(attributes).find((each) => each.key === key)?.value;
  const score = ['CVSS4_SCORE', 'CVSS3_SCORE', 'CVSS2_SCORE'].map((key) => scoreOf(attribute(key))).find(isNumber);
  const packageName = shown(attribute('package_name'), 200);
  const installed = shown(attribute('package_version'), 200);
  const url = webAddress(uri);
  return {
    id: shown(name, 200) ?? 'unnamed finding',
    severity: severityOf(severity, score),
    package: packageName ?? 'unknown package',
    installed: installed ?? unknownVersion,
    ...given('purl', basicPackage(packageName, installed, url)),
    ...given('fixed', shown(attribute('fixed_in_version') ?? attribute('patched_in_version'), 200)),
    ...given('url', url),
    ...given('description', shown(description, 500)),
    ...given('score', score),
  };
}

/** One for each package; https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EnhancedImageScanFinding.html */
function enhancedFinding(finding: EnhancedImageScanFinding): Finding[] {
  const { title, severity, description, status, packageVulnerabilityDetails } = finding;
  // What Inspector no longer sees in the image. A finding that somebody suppressed in Inspector is still there: exceptions are in the index.
  if (status === 'CLOSED') return [];
  const { vulnerabilityId, sourceUrl, relatedVulnerabilities, cvss, ...details } = packageVulnerabilityDetails ?? {};
  const scores = [finding.score, ...present(cvss).map(({ baseScore }) => baseScore)].filter(isNumber);
  const score = isNumber(finding.score) ? finding.score : scores.sort((one, other) => other - one)[0];
  const { fixAvailable, exploitAvailable } = finding;
  const platform = platformOf(finding);
  const common = {
    id: shown(vulnerabilityId, 200) ?? shown(title, 200) ?? 'unnamed finding',
    ...given('aliases', aliasesOf(vulnerabilityId, relatedVulnerabilities)),
    severity: severityOf(severity, score),
    ...given('url', webAddress(sourceUrl)),
    ...given('title', shown(title, 300)),
    ...given('description', shown(description, 500)),
    ...given('score', score),
    ...given(
      'fixAvailable',
      answers.find((each) => each === fixAvailable),
    ),
    ...(exploitAvailable === undefined ? {} : { exploitAvailable: exploitAvailable === 'YES' }),
  };
  // A finding that names no package counts like any other.
  const vulnerablePackages = present(details.vulnerablePackages);
  return (vulnerablePackages.length > 0 ? vulnerablePackages : [{}]).map((vulnerable: VulnerablePackage): Finding => {
    const { name, fixedInVersion, packageManager, filePath } = vulnerable;
    const path = shown(filePath, 300);
    return {
      ...common,
      package: shown(name, 200) ?? 'unknown package',
      installed: shown(versionOf(vulnerable), 200) ?? unknownVersion,
      ...given('purl', enhancedPackage(inShort(vulnerable), platform)),
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

/** The SDK leaves out what is null, but not in a list. */
const present = <Item>(list: readonly (Item | null)[] = []): Item[] => list.filter((item) => item !== null);

const answers = ['YES', 'NO', 'PARTIAL'] as const;

/** A package URL is made of what people may see, too. */
function inShort({ name, version, release, arch, epoch, packageManager }: VulnerablePackage): VulnerablePackage {
  return {
    name: shown(name, 200),
    version: shown(version, 100),
    release: shown(release, 100),
    arch: shown(arch, 50),
    packageManager: shown(packageManager, 50),
    epoch,
  };
}

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
  const { purl, ...told } = { ...better, ...worse };
  return {
    ...told,
    // Packages of two kinds, or of two architectures, may have one name and one version.
    ...given('purl', isDeepStrictEqual(one.purl, other.purl) ? purl : undefined),
    ...(paths.length > 0 ? { paths } : {}),
    ...(one.exploitAvailable || other.exploitAvailable ? { exploitAvailable: true } : {}),
  };
}

/** Where nobody has said how severe a finding is, its score says it. Inspector says UNTRIAGED where basic scanning says UNDEFINED. */
function severityOf(text: string | undefined, score: number | undefined): Finding['severity'] {
  const said = severities.find((severity) => severity === text) ?? 'UNDEFINED';
  if (said !== 'UNDEFINED' || !isNumber(score)) return said;
  // https://www.first.org/cvss/v4.0/specification-document#Qualitative-Severity-Rating-Scale
  return scale.find(([lowest]) => score >= lowest)?.[1] ?? 'INFORMATIONAL';
}

const scale = [
  [9, 'CRITICAL'],
  [7, 'HIGH'],
  [4, 'MEDIUM'],
  [0.1, 'LOW'],
] as const;

/** `9.8` as an attribute has it. */
function scoreOf(text: string | undefined): number | undefined {
  return text?.trim() ? Number(text) : undefined;
}

const isNumber = (value: number | undefined): value is number => Number.isFinite(value);

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
