import { baseScore } from './cvss.ts';
import { type Finding, severityOf, severityOfScore } from './finding.ts';
import type { Installed } from './installed-packages.ts';
import type { OsvAffected, OsvEvent, OsvIndex, OsvRecord } from './osv-records.ts';
import type { Package } from './package.ts';
import { type Compare, compareAlpine, compareDebian, compareRpm } from './version-order.ts';

/** How OSV names a distribution, and whether its records are about source packages. https://ossf.github.io/osv-schema/#defined-ecosystems */
interface Ecosystem {
  /** The exact names, and what follows `…:`. */
  names: string[];
  bySource: boolean;
  compare: Compare;
}

/** Undefined for a distribution that has no records in OSV. */
export function ecosystemOf({ distribution: { id, version } }: Installed): Ecosystem | undefined {
  const major = version.split('.')[0] ?? '';
  const minor = version.split('.').slice(0, 2).join('.');
  const debian = { bySource: true, compare: compareDebian };
  const alpine = { bySource: true, compare: compareAlpine };
  const rpm = { bySource: false, compare: compareRpm };
  switch (id) {
    case 'debian':
      return { names: ['Debian', `Debian:${major}`], ...debian };
    case 'ubuntu':
      return { names: ['Ubuntu', `Ubuntu:${version}`, `Ubuntu:${version}:LTS`], ...debian };
    case 'alpine':
      return { names: ['Alpine', `Alpine:v${minor}`], ...alpine };
    case 'wolfi':
      return { names: ['Wolfi'], ...alpine };
    case 'chainguard':
      return { names: ['Chainguard'], ...alpine };
    case 'almalinux':
      return { names: ['AlmaLinux', `AlmaLinux:${major}`], ...rpm };
    case 'rocky':
      return { names: ['Rocky Linux', `Rocky Linux:${major}`], ...rpm };
    case 'opensuse-leap':
      return { names: ['openSUSE', `openSUSE:Leap ${minor}`], ...rpm };
    case 'opensuse-tumbleweed':
      return { names: ['openSUSE', 'openSUSE:Tumbleweed'], ...rpm };
    default:
      return undefined;
  }
}

/** What the records say of the packages of an image, each defect of a package once. */
export function matchRecords(packages: Package[], ecosystem: Ecosystem, index: OsvIndex): Finding[] {
  const findings = new Map<string, Finding>();
  for (const each of packages) {
    const { name, version } = ecosystem.bySource ? each.source : each;
    for (const record of index.byPackage.get(name) ?? []) {
      const affected = record.affected.find(
        (candidate) =>
          candidate.package.name === name &&
          ecosystem.names.includes(candidate.package.ecosystem) &&
          isAffected(candidate, version, ecosystem.compare),
      );
      if (affected === undefined) continue;
      const finding = findingOf(record, affected, { name, version }, ecosystem.compare);
      findings.set(`${finding.name} ${name} ${version}`, finding);
    }
  }
  return [...findings.values()];
}

/** npm's records say SEMVER; ranges of commits say nothing about a package. */
const isOfVersions = (type: string) => type === 'ECOSYSTEM' || type === 'SEMVER';

/** https://ossf.github.io/osv-schema/#evaluation */
function isAffected({ versions, ranges }: OsvAffected, version: string, compare: Compare): boolean {
  if (versions.includes(version)) return true;
  return ranges.some(({ type, events }) => isOfVersions(type) && isInRange(events, version, compare));
}

function isInRange(events: OsvEvent[], version: string, compare: Compare): boolean {
  const limits = events.flatMap(({ limit }) => (limit === undefined || limit === '*' ? [] : [limit]));
  if (limits.length > 0 && limits.every((limit) => compare(version, limit) >= 0)) return false;
  const ordered = events
    .flatMap(({ introduced, fixed, last_affected: last }) => [
      ...(introduced === undefined ? [] : [{ at: introduced, starts: true, inclusive: true }]),
      ...(fixed === undefined ? [] : [{ at: fixed, starts: false, inclusive: true }]),
      ...(last === undefined ? [] : [{ at: last, starts: false, inclusive: false }]),
    ])
    .sort((one, other) => compareFromZero(one.at, other.at, compare));
  let affected = false;
  for (const { at, starts, inclusive } of ordered) {
    const order = at === '0' ? 1 : compare(version, at);
    if (order > 0 || (inclusive && order === 0)) affected = starts;
  }
  return affected;
}

/** `0` comes before every version. */
function compareFromZero(one: string, other: string, compare: Compare): number {
  if (one === '0' || other === '0') return one === other ? 0 : one === '0' ? -1 : 1;
  return compare(one, other);
}

function findingOf(
  record: OsvRecord,
  affected: OsvAffected,
  { name, version }: Pick<Package, 'name' | 'version'>,
  compare: Compare,
): Finding {
  const vectors = [...affected.severity, ...record.severity];
  const scores = vectors.flatMap(({ score: vector }) => {
    const base = baseScore(vector);
    return base === undefined ? [] : [{ ...base, vector }];
  });
  const cvss = scores.find((each) => each.version === 3) ?? scores[0];
  return {
    name: nameOf(record),
    description: (record.summary || record.details)?.slice(0, 2000) || undefined,
    uri: uriOf(record),
    severity: cvss === undefined ? wordedSeverity(record, affected) : severityOfScore(cvss.score),
    packageName: name,
    packageVersion: version,
    fixedVersion: fixedVersion(affected, version, compare),
    cvss,
  };
}

/** Records of distributions are about a CVE, under a name of their own. */
function nameOf({ id, aliases, upstream }: OsvRecord): string {
  const own = /^[A-Z]+-(CVE-\d+-\d+)$/.exec(id)?.[1];
  if (own !== undefined || id.startsWith('CVE-')) return own ?? id;
  const cves = new Set([...(aliases ?? []), ...(upstream ?? [])].filter((name) => name.startsWith('CVE-')));
  const [only] = cves;
  return only !== undefined && cves.size === 1 ? only : id;
}

function uriOf({ references }: OsvRecord): string | undefined {
  const safe = references.filter(({ url }) => /^https?:\/\//.test(url));
  return (safe.find(({ type }) => type === 'ADVISORY') ?? safe[0])?.url;
}

/** Debian says `urgency`, Ubuntu puts its word beside the vectors, others have `severity`. */
function wordedSeverity(record: OsvRecord, affected: OsvAffected): Finding['severity'] {
  const specific = [affected.ecosystem_specific, affected.database_specific, record.database_specific];
  const words = [
    ...[...affected.severity, ...record.severity].map(({ score }) => score),
    ...specific.flatMap((each) => [each?.severity, each?.urgency]),
  ].filter((word) => typeof word === 'string');
  return words.map(severityOf).find((severity) => severity !== 'UNDEFINED') ?? 'UNDEFINED';
}

function fixedVersion({ ranges }: OsvAffected, version: string, compare: Compare): string | undefined {
  return ranges
    .filter(({ type }) => isOfVersions(type))
    .flatMap(({ events }) => events.flatMap(({ fixed }) => (fixed === undefined ? [] : [fixed])))
    .filter((fixed) => compare(fixed, version) > 0)
    .sort(compare)[0];
}
