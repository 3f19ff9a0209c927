import * as z from 'zod';
import type { Build } from '../model/build.ts';
import { bySeverity, type Finding, type Scan, severities } from '../model/findings.ts';
import type { InstalledPackage, PackageList } from '../model/package-list.ts';
import {
  describeFindings,
  type ScannerName,
  type ScannerReport,
  type ScannerReports,
  scannerNames,
} from '../scanners/report.ts';
import { shownText } from '../text/safe-line.ts';
import { packageChanges, unchangedPackages } from './package-diff.ts';

/** Each list names at most this many; of the rest only the number is kept. */
export const mostChanges = 500;
/** The same for the findings of each scanner. */
const mostFindingChanges = 50;

const nameSchema = z.string().max(200);
const versionSchema = z.string().max(200);

const listOf = <Item extends z.ZodType>(item: Item, most = mostChanges) =>
  z.object({
    items: z.array(item).max(most),
    /** How many there are, including those that are left out. */
    total: z.int().nonnegative(),
  });

const onePackageSchema = z.object({ name: nameSchema, architecture: nameSchema, version: versionSchema });
const updatedPackageSchema = z.object({
  name: nameSchema,
  /** Of the newer package. */
  architecture: nameSchema,
  before: versionSchema,
  after: versionSchema,
});
const vulnerabilitySchema = z.object({
  id: z.string().max(300),
  package: z.string().max(300),
  severity: z.enum(severities),
});
const scannerFindingSchema = z.object({ id: z.string().max(300), sentence: z.string().max(500) });

const parts = ['packages', 'vulnerabilities', 'scanners', 'size'] as const;

/** What differs between a candidate and the image that was released before it: the object `builds/<id>/comparison.json`. */
export const comparisonSchema = z.object({
  version: z.literal(1),
  /** The build that was released, its ref and its image. */
  against: z.object({ build: z.string(), ref: z.string().optional(), digest: z.string(), releasedAt: z.string() }),
  packages: z
    .object({
      added: listOf(onePackageSchema),
      removed: listOf(onePackageSchema),
      updated: listOf(updatedPackageSchema),
    })
    .optional(),
  vulnerabilities: z
    .object({
      fixed: listOf(vulnerabilitySchema),
      introduced: listOf(vulnerabilitySchema),
      /** In packages that did not change: the vulnerability became known after the released image was scanned. */
      learnt: listOf(vulnerabilitySchema),
    })
    .optional(),
  /** Of the scanners that scanned both images. */
  scanners: z
    .array(
      z.object({
        scanner: z.enum(scannerNames),
        gone: listOf(scannerFindingSchema, mostFindingChanges),
        appeared: listOf(scannerFindingSchema, mostFindingChanges),
      }),
    )
    .max(scannerNames.length)
    .optional(),
  /** In the registry, in bytes. */
  size: z.object({ before: z.int().nonnegative(), after: z.int().nonnegative() }).optional(),
  /** What could not be compared, and why: one sentence each. */
  leftOut: z.array(z.object({ part: z.enum(parts), reason: z.string().max(500) })).max(20),
});

export type Comparison = z.infer<typeof comparisonSchema>;
type Part = (typeof parts)[number];
type Changes = NonNullable<Build['changes']>;

/** What is known of an image; of a released one, what is known today. A record that is missing or cannot be read is absent. */
export interface ImageRecords {
  packages?: PackageList | undefined;
  scan?: Scan | undefined;
  scanners?: ScannerReports | undefined;
  sizeBytes?: number | undefined;
}

interface Sides<Value> {
  before: Value;
  after: Value;
}

/** Compares a candidate's records with those of the image that was released before. What either lacks is listed in `leftOut`. */
export function compare(against: Comparison['against'], before: ImageRecords, after: ImageRecords): Comparison {
  const leftOut: Comparison['leftOut'] = [];
  const leave = (part: Part, reason: string) => {
    leftOut.push({ part, reason: shownText(reason, 500) });
    return undefined;
  };
  const sides = { before, after };
  const packages = packagesOf(sides, leave);
  const vulnerabilities = vulnerabilitiesOf(sides, leave);
  const scanners = scannersOf(sides, leave);
  const size = sizeOf(sides, leave);
  return {
    version: 1,
    against,
    packages,
    vulnerabilities,
    scanners,
    size,
    leftOut,
  };
}

type Leave = (part: Part, reason: string) => undefined;

const whose = { before: 'the released image', after: 'this image' } as const;

function installed(list: PackageList | undefined): InstalledPackage[] {
  return list?.contents.state === 'read' ? list.contents.packages : [];
}

/** The records of both sides. If one is missing, reports why and returns undefined. */
function both<Value>(
  { before, after }: Sides<Value | undefined>,
  what: string,
  absent: (reason: string) => undefined,
): Sides<Value> | undefined {
  if (before === undefined) return absent(`There is no ${what} of ${whose.before}.`);
  if (after === undefined) return absent(`There is no ${what} of ${whose.after}.`);
  return { before, after };
}

function packagesOf({ before, after }: Sides<ImageRecords>, leave: Leave): Comparison['packages'] {
  const absent = (reason: string) => leave('packages', reason);
  const lists = both({ before: before.packages, after: after.packages }, 'list of packages', absent);
  if (!lists) return undefined;
  for (const side of ['before', 'after'] as const) {
    const { contents } = lists[side];
    if (contents.state === 'unreadable') return absent(`The packages of ${whose[side]} could not be read.`);
  }
  const { added, removed, updated } = packageChanges(installed(lists.before), installed(lists.after));
  return { added: bounded(added), removed: bounded(removed), updated: bounded(updated) };
}

function vulnerabilitiesOf({ before, after }: Sides<ImageRecords>, leave: Leave): Comparison['vulnerabilities'] {
  const absent = (reason: string) => leave('vulnerabilities', reason);
  const scans = both({ before: before.scan, after: after.scan }, 'scan', absent);
  if (!scans) return undefined;
  for (const side of ['before', 'after'] as const) {
    if (scans[side].state !== 'complete') return absent(`The scan of ${whose[side]} is not complete.`);
  }
  const known = { before: byVulnerability(scans.before.findings), after: byVulnerability(scans.after.findings) };
  const only = (one: Map<string, Finding>, other: Map<string, Finding>) =>
    [...one].filter(([key]) => !other.has(key)).map(([, finding]) => finding);
  const isUnchanged = unchangedPackages(installed(before.packages), installed(after.packages));
  const { introduced = [], learnt = [] } = Object.groupBy(only(known.after, known.before), (finding) =>
    isUnchanged(finding.package) ? 'learnt' : 'introduced',
  );
  const listed = (findings: Finding[]) => bounded(findings.sort(bySeverity).map(vulnerability));
  return { fixed: listed(only(known.before, known.after)), introduced: listed(introduced), learnt: listed(learnt) };
}

/** By vulnerability and package: several affected versions of one package count as one. */
function byVulnerability(findings: readonly Finding[]): Map<string, Finding> {
  return new Map(findings.map((finding) => [JSON.stringify([finding.id, finding.package]), finding]));
}

function vulnerability(finding: Finding): z.infer<typeof vulnerabilitySchema> {
  return { id: shownText(finding.id, 300), package: shownText(finding.package, 300), severity: finding.severity };
}

function scannersOf({ before, after }: Sides<ImageRecords>, leave: Leave): Comparison['scanners'] {
  const reports = both({ before: before.scanners, after: after.scanners }, 'report of the scanners', (reason) =>
    leave('scanners', reason),
  );
  if (!reports) return undefined;
  return scannerNames.flatMap((scanner) => {
    const old = reportOf(reports.before, scanner);
    const recent = reportOf(reports.after, scanner);
    if (!old || !recent) return [];
    const obstacle = incomparable(old, whose.before) ?? incomparable(recent, whose.after);
    if (obstacle) return leave('scanners', `${scanner}: ${obstacle}`) ?? [];
    const { gone, appeared } = findingChanges(old, recent);
    return gone.total + appeared.total > 0 ? [{ scanner, gone, appeared }] : [];
  });
}

function reportOf({ reports }: ScannerReports, scanner: ScannerName): ScannerReport | undefined {
  return reports.find((report) => report.scanner === scanner);
}

function incomparable({ state, findings, total }: ScannerReport, image: string): string | undefined {
  if (state === 'failed' || state === 'timed-out') return `the scanner could not scan ${image}.`;
  return total > findings.length ? `${image} has more findings than are listed.` : undefined;
}

type FindingText = z.infer<typeof scannerFindingSchema>;

/** By its id, a finding is still the same if only its line or version changed. Each counts as often as it occurs. */
function findingChanges(before: ScannerReport, after: ScannerReport) {
  const textsOf = (report: ScannerReport) =>
    describeFindings(report).map(({ id, sentence }): FindingText => ({ id, sentence }));
  const [one, other] = [textsOf(before), textsOf(after)];
  const exactly = ({ id, sentence }: FindingText) => JSON.stringify([id, sentence]);
  const byId = ({ id }: FindingText) => id;
  const remaining = { before: without(one, other, exactly), after: without(other, one, exactly) };
  return {
    gone: boundedTexts(without(remaining.before, remaining.after, byId)),
    appeared: boundedTexts(without(remaining.after, remaining.before, byId)),
  };
}

function boundedTexts(texts: FindingText[]) {
  const items = texts
    .slice(0, mostFindingChanges)
    .map(({ id, sentence }) => ({ id: shownText(id, 300), sentence: shownText(sentence, 500) }));
  return { items, total: texts.length };
}

/** The items that remain after each item of the other list has removed one with the same key. */
function without<Item>(items: readonly Item[], others: readonly Item[], keyOf: (item: Item) => string): Item[] {
  const counts = new Map<string, number>();
  for (const other of others) counts.set(keyOf(other), (counts.get(keyOf(other)) ?? 0) + 1);
  return items.filter((item) => {
    const count = counts.get(keyOf(item)) ?? 0;
    if (count > 0) counts.set(keyOf(item), count - 1);
    return count === 0;
  });
}

function sizeOf({ before, after }: Sides<ImageRecords>, leave: Leave): Comparison['size'] {
  return both({ before: before.sizeBytes, after: after.sizeBytes }, 'size', (reason) => leave('size', reason));
}

function bounded<Item>(items: Item[]): { items: Item[]; total: number } {
  return { items: items.slice(0, mostChanges), total: items.length };
}

/** The numbers of the comparison that the build's record keeps. */
export function changesOf({ against, packages, vulnerabilities, size }: Comparison): Changes {
  return {
    against: against.build,
    packages: packages && {
      added: packages.added.total,
      removed: packages.removed.total,
      updated: packages.updated.total,
    },
    vulnerabilities: vulnerabilities && {
      fixed: vulnerabilities.fixed.total,
      introduced: vulnerabilities.introduced.total,
    },
    size,
  };
}
