import * as z from 'zod';
import { platformSchema } from './platform.ts';
import { purlSchema } from './purl.ts';

/** ECR's severities, the worst first. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html */
export const severities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL', 'UNDEFINED'] as const;
export type Severity = (typeof severities)[number];

/** An image with more vulnerabilities cannot be judged: the scan fails and keeps the worst of them. */
export const mostVulnerabilities = 20_000;

/** The version of a package for which the scanner gives none. */
export const unknownVersion = 'unknown version';

export const findingSchema = z.object({
  /** `CVE-2024-1234` */
  id: z.string(),
  /** Other names of the same vulnerability, by which exceptions and VEX statements may name it. */
  aliases: z.array(z.string()).optional(),
  severity: z.enum(severities),
  package: z.string(),
  installed: z.string(),
  /** The package with its type and distribution, where the scanner gives them. */
  purl: purlSchema.optional(),
  /** The first version that fixes it, where the scanner knows one. */
  fixed: z.string().optional(),
  /** An http or https address only. */
  url: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  /** The CVSS score, or Inspector's own. */
  score: z.number().optional(),
  /** The package manager as Inspector names it: `OS`, `PYTHONPKG`, `NODEPKG`, `JAR`. Basic scanning finds the distribution's only. */
  packageManager: z.string().optional(),
  /** The first paths in the image, for packages of a programming language. */
  paths: z.array(z.string()).optional(),
  /** Whether a newer version fixes it, according to Inspector: `PARTIAL` if it is fixed in some of the finding's packages. */
  fixAvailable: z.enum(['YES', 'NO', 'PARTIAL']).optional(),
  /** Whether an exploit is known, according to Inspector. */
  exploitAvailable: z.boolean().optional(),
  /** The platforms of an image index that have it; absent where all do. */
  platforms: z.array(platformSchema).optional(),
});

/** The result of the registry's scanner for one digest: the object `builds/<id>/findings.json`. */
export const scanSchema = z.object({
  /** `complete` has all findings (perhaps none). The other states block, with a reason that says what to do. */
  state: z.enum(['complete', 'failed', 'unsupported', 'timed-out']),
  reason: z.string().optional(),
  findings: z.array(findingSchema),
  /** The scanner: ECR's basic scanning, or Inspector (enhanced). */
  scanner: z.enum(['basic', 'enhanced']).optional(),
  /** The status as ECR gives it: `COMPLETE`, `FINDINGS_UNAVAILABLE`. */
  status: z.string().optional(),
  /** When the scanner last scanned the image. */
  completedAt: z.iso.datetime().optional(),
  /** The time of the scanner's vulnerability data. */
  sourceUpdatedAt: z.iso.datetime().optional(),
});

export type Finding = z.infer<typeof findingSchema>;
export type Scan = z.infer<typeof scanSchema>;

/** A finding's id and its aliases. */
export function idsOf({ id, aliases }: Pick<Finding, 'id' | 'aliases'>): readonly string[] {
  return aliases ? [id, ...aliases] : [id];
}

/** Whether a newer version of the package fixes the finding. The scanner may know that one exists, but not which. */
export function isFixable({ fixed, fixAvailable }: Pick<Finding, 'fixed' | 'fixAvailable'>): boolean {
  return Boolean(fixed) || fixAvailable === 'YES';
}

/** How many findings of each severity there are. */
export function countsOf(findings: readonly Pick<Finding, 'severity'>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return counts;
}

/** Identifies a finding: the same vulnerability of the same package at two paths of an image is one finding. */
export const findingKey = ({ id, package: name, installed }: Finding): string => JSON.stringify([id, name, installed]);

/** The worst first, and within a severity by name, so that two scans of one image have the same order. */
export function bySeverity(one: Finding, other: Finding): number {
  return (
    severities.indexOf(one.severity) - severities.indexOf(other.severity) ||
    compare(one.id, other.id) ||
    compare(one.package, other.package) ||
    compare(one.installed, other.installed)
  );
}

/** By code units, because thousands of comparisons with `localeCompare` take seconds. */
const compare = (one: string, other: string): number => (one === other ? 0 : one < other ? -1 : 1);
