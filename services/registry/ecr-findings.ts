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

/** Collects the findings of all pages, each vulnerability of a package once. It copies texts, so that no page stays in memory. */
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

    /** How many findings ECR returned, repeated ones included. */
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
    purl: basicPackage(packageName, installed, url),
    fixed: shown(attribute('fixed_in_version') ?? attribute('patched_in_version'), 200),
    url,
    description: shown(description, 500),
    score,
  };
}

/** One finding for each package; https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EnhancedImageScanFinding.html */
function enhancedFinding(finding: EnhancedImageScanFinding): Finding[] {
  const { title, severity, description, status, packageVulnerabilityDetails } = finding;
  // CLOSED: Inspector no longer finds it in the image. A finding suppressed in Inspector still counts: waivers are only in the index.
  if (status === 'CLOSED') return [];
  const { vulnerabilityId, sourceUrl, relatedVulnerabilities, cvss, ...details } = packageVulnerabilityDetails ?? {};
  const scores = [finding.score, ...present(cvss).map(({ baseScore }) => baseScore)].filter(isNumber);
  const score = isNumber(finding.score) ? finding.score : scores.sort((one, other) => other - one)[0];
  const { fixAvailable, exploitAvailable } = finding;
  const platform = platformOf(finding);
  const common = {
    id: shown(vulnerabilityId, 200) ?? shown(title, 200) ?? 'unnamed finding',
    aliases: aliasesOf(vulnerabilityId, relatedVulnerabilities),
    severity: severityOf(severity, score),
    url: webAddress(sourceUrl),
    title: shown(title, 300),
    description: shown(description, 500),
    score,
    fixAvailable: fixAnswers.find((each) => each === fixAvailable),
    exploitAvailable: exploitAvailable === undefined ? undefined : exploitAvailable === 'YES',
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
      purl: enhancedPackage(shortened(vulnerable), platform),
      fixed: fixedInVersion === 'NotAvailable' ? undefined : shown(fixedInVersion, 200),
      packageManager: shown(packageManager, 50),
      paths: path === undefined ? undefined : [path],
    };
  });
}

/**
 * The CVE of an advisory about exactly one CVE. With several, each is a vulnerability of its own: a waiver of one must not accept the
 * others.
 */
function aliasesOf(id: string | undefined, related: readonly string[] = []): string[] | undefined {
  const [only, ...others] = new Set(related);
  const isAlias =
    only !== undefined && others.length === 0 && /^CVE-\d{4}-\d{4,19}$/.test(only) && !id?.startsWith('CVE-');
  return isAlias ? [only] : undefined;
}

/** The SDK drops fields that are null, but not items of a list. */
const present = <Item>(list: readonly (Item | null)[] = []): Item[] => list.filter((item) => item !== null);

const fixAnswers = ['YES', 'NO', 'PARTIAL'] as const;

/** The pages show package URLs as well, so their parts are cut to the same lengths. */
function shortened({ name, version, release, arch, epoch, packageManager }: VulnerablePackage): VulnerablePackage {
  return {
    name: shown(name, 200),
    version: shown(version, 100),
    release: shown(release, 100),
    arch: shown(arch, 50),
    packageManager: shown(packageManager, 50),
    epoch,
  };
}

/** In rpm's notation, with those of its parts that exist. */
function versionOf({ epoch = 0, version, release }: VulnerablePackage): string | undefined {
  if (!version) return undefined;
  return `${epoch > 0 ? `${epoch}:` : ''}${version}${release ? `-${release}` : ''}`;
}

/** Merges two findings of the same vulnerability: the worse one, completed from the other. */
function merged(one: Finding, other: Finding): Finding {
  const [worse, better] =
    severities.indexOf(one.severity) <= severities.indexOf(other.severity) ? [one, other] : [other, one];
  const paths = [...new Set([...(one.paths ?? []), ...(other.paths ?? [])])].slice(0, mostPaths);
  const stated = Object.entries(worse).filter(([, value]) => value !== undefined);
  const combined: Finding = { ...better, ...(Object.fromEntries(stated) as Partial<Finding>) };
  return {
    ...combined,
    // Packages of different types or architectures may share a name and a version: then neither package URL is right.
    purl: isDeepStrictEqual(one.purl, other.purl) ? one.purl : undefined,
    paths: paths.length > 0 ? paths : undefined,
    exploitAvailable: one.exploitAvailable || other.exploitAvailable || combined.exploitAvailable,
  };
}

/** Without a stated severity, the score decides. Inspector says UNTRIAGED where basic scanning says UNDEFINED. */
function severityOf(text: string | undefined, score: number | undefined): Finding['severity'] {
  const stated = severities.find((severity) => severity === text) ?? 'UNDEFINED';
  if (stated !== 'UNDEFINED' || !isNumber(score)) return stated;
  // https://www.first.org/cvss/v4.0/specification-document#Qualitative-Severity-Rating-Scale
  return scale.find(([lowest]) => score >= lowest)?.[1] ?? 'INFORMATIONAL';
}

const scale = [
  [9, 'CRITICAL'],
  [7, 'HIGH'],
  [4, 'MEDIUM'],
  [0.1, 'LOW'],
] as const;

/** Parses the score of an attribute: `9.8`. */
function scoreOf(text: string | undefined): number | undefined {
  return text?.trim() ? Number(text) : undefined;
}

const isNumber = (value: number | undefined): value is number => Number.isFinite(value);

/**
 * A text from a database of vulnerabilities as one line; undefined if it is empty. The text is copied, because a substring keeps the whole
 * string in memory, and pages of findings may have a hundred megabytes of text.
 */
function shown(text: string | undefined, longest: number): string | undefined {
  if (text === undefined) return undefined;
  const beginning = Buffer.from(text.slice(0, longest * 2)).toString();
  return shownText(beginning.replaceAll(/\s+/g, ' ').trim(), longest) || undefined;
}

/** A link that is safe to show: only http and https addresses, no `javascript:`. */
function webAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 1000 || !URL.canParse(text)) return undefined;
  const { protocol, href } = new URL(text);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}
