import { baseScore } from './cvss.ts';
import { type Finding, severities, severityOf, severityOfScore } from './finding.ts';
import type { Installed } from './installed-packages.ts';
import type { OsvAffected, OsvEvent, OsvRating, OsvRecord } from './osv-record.ts';
import type { OsvIndex } from './osv-records.ts';
import type { Package } from './package.ts';
import { type Compare, compareAlpine, compareDebian, compareRpm } from './version-order.ts';

/** How OSV names a distribution, and whether its records are about source packages. https://ossf.github.io/osv-schema/#defined-ecosystems */
interface Ecosystem {
  /** The exact names, and what follows `…:`. */
  names: string[];
  bySource: boolean;
  compare: Compare;
}

/** Distributions whose records are each of one release. */
const numbered = new Set(['debian', 'ubuntu', 'alpine', 'almalinux', 'rocky', 'opensuse-leap']);

/** Undefined for a distribution that has no records in OSV, as what will be the next release of one has none. */
export function ecosystemOf({ distribution: { id, version } }: Installed): Ecosystem | undefined {
  if (numbered.has(id) && !/^\d+(?:\.\d+)*$/.test(version)) return undefined;
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
export function matchRecords(packages: Package[], ecosystem: Ecosystem, index: Pick<OsvIndex, 'byPackage'>): Finding[] {
  const findings = new Map<string, Finding>();
  const names = new Set(ecosystem.names.map((each) => each.toLowerCase()));
  for (const each of packages) {
    const { name, version } = ecosystem.bySource ? each.source : each;
    for (const record of index.byPackage.get(name) ?? []) {
      for (const affected of record.affected) {
        const isAbout = affected.package.name === name && names.has(affected.package.ecosystem.toLowerCase());
        if (!isAbout || !isAffected(affected, version, ecosystem.compare)) continue;
        const finding = findingOf(record, affected, { name, version }, ecosystem.compare);
        const key = `${finding.name} ${name} ${version}`;
        const known = findings.get(key);
        // Several records may be about one defect: the worst counts.
        if (known === undefined || isWorse(finding, known)) findings.set(key, finding);
      }
    }
  }
  return [...findings.values()];
}

const isWorse = (one: Finding, other: Finding) => severities.indexOf(one.severity) < severities.indexOf(other.severity);

/** npm's records say SEMVER; ranges of commits say nothing about a package. */
const isOfVersions = (type: string) => type === 'ECOSYSTEM' || type === 'SEMVER';

/** https://ossf.github.io/osv-schema/#evaluation */
function isAffected({ versions, ranges, isUncertain }: OsvAffected, version: string, compare: Compare): boolean {
  if (isUncertain || versions.includes(version)) return true;
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
  const ratings = [affected.rating, record.rating];
  const cvss = scoreOf(ratings);
  return {
    name: nameOf(record),
    description: (record.summary || record.details)?.slice(0, 2000) || undefined,
    uri: uriOf(record),
    severity: severityIn(ratings, cvss),
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
  const cves = new Set([...aliases, ...upstream].filter((name) => name.startsWith('CVE-')));
  const [only] = cves;
  return only !== undefined && cves.size === 1 ? only : id;
}

function uriOf({ references }: OsvRecord): string | undefined {
  const safe = references.filter(({ url }) => /^https?:\/\//.test(url));
  return (safe.find(({ type }) => type === 'ADVISORY') ?? safe[0])?.url;
}

/** Of the newest version of CVSS that there is a vector of, the worst. */
function scoreOf(ratings: OsvRating[]): Finding['cvss'] {
  const scores = ratings.flatMap(({ severities }) =>
    severities.flatMap(({ score: vector }) => {
      const base = baseScore(vector);
      return base === undefined ? [] : [{ ...base, vector }];
    }),
  );
  return scores.sort((one, other) => other.version - one.version || other.score - one.score)[0];
}

/** By the score, else in the words of a distribution or a database. What cannot be read may have been worse than all that can. */
function severityIn(ratings: OsvRating[], cvss: Finding['cvss']): Finding['severity'] {
  if (ratings.some(isUnreadable)) return 'CRITICAL';
  if (cvss !== undefined) return severityOfScore(cvss.score);
  const words = ratings.flatMap(({ severities, words }) => [...severities.map(({ score }) => score), ...words]);
  return words.map(severityOf).find((severity) => severity !== 'UNDEFINED') ?? 'UNDEFINED';
}

function isUnreadable({ severities, isUncertain }: OsvRating): boolean {
  const isNone = (score: string) => baseScore(score) === undefined && severityOf(score) === 'UNDEFINED';
  return isUncertain || severities.some(({ type, score }) => type.startsWith('CVSS') && isNone(score));
}

function fixedVersion({ ranges }: OsvAffected, version: string, compare: Compare): string | undefined {
  return ranges
    .filter(({ type }) => isOfVersions(type))
    .flatMap(({ events }) => events.flatMap(({ fixed }) => fixed ?? []))
    .filter((fixed) => compare(fixed, version) > 0)
    .sort(compare)[0];
}
