import { z } from 'zod';
import { purlSchema } from './purl.ts';

/** ECR's severities, the worst first. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html */
export const severities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL', 'UNDEFINED'] as const;
export type Severity = (typeof severities)[number];

/** An image that has more cannot be judged: the scan fails, with the worst of them. */
export const mostVulnerabilities = 20_000;

/** What stands for the version of a package of which the scanner says none. */
export const unknownVersion = 'unknown version';

export const findingSchema = z.object({
  /** `CVE-2024-1234` */
  id: z.string(),
  /** Other names of the same vulnerability, by which exceptions and VEX statements may name it. */
  aliases: z.array(z.string()).optional(),
  severity: z.enum(severities),
  package: z.string(),
  installed: z.string(),
  /** The package with its type and its distribution, where the scanner says them. */
  purl: purlSchema.optional(),
  /** The first version without the defect, where the scanner knows one. */
  fixed: z.string().optional(),
  /** Of the web only. */
  url: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  /** Of CVSS, or Inspector's own. */
  score: z.number().optional(),
  /** Whose package it is, in Inspector's word: `OS`, `PYTHONPKG`, `NODEPKG`, `JAR`. Basic scanning has nothing but packages of the distribution. */
  packageManager: z.string().optional(),
  /** Where packages of a language are in the image; the first of them. */
  paths: z.array(z.string()).optional(),
  /** Whether a newer version fixes it, says Inspector: `PARTIAL` for one that fixes it in some of the finding's packages. */
  fixAvailable: z.enum(['YES', 'NO', 'PARTIAL']).optional(),
  /** Whether code is known that makes use of it, says Inspector. */
  exploitAvailable: z.boolean().optional(),
});

/** What the registry's scanner said of one digest: the object `builds/<id>/findings.json`. */
export const scanSchema = z.object({
  /** `complete` has all findings (perhaps none); the others have a reason that says what to do, and block. */
  state: z.enum(['complete', 'failed', 'unsupported', 'timed-out']),
  reason: z.string().optional(),
  findings: z.array(findingSchema),
  /** What looked: ECR's basic scanning, or Inspector. */
  scanner: z.enum(['basic', 'enhanced']).optional(),
  /** ECR's own word: `COMPLETE`, `FINDINGS_UNAVAILABLE`. */
  status: z.string().optional(),
  /** When it last looked at the image. */
  completedAt: z.iso.datetime().optional(),
  /** Of when its knowledge of vulnerabilities was. */
  sourceUpdatedAt: z.iso.datetime().optional(),
});

export type Finding = z.infer<typeof findingSchema>;
export type Scan = z.infer<typeof scanSchema>;

/** All names of a finding. */
export function idsOf({ id, aliases }: Pick<Finding, 'id' | 'aliases'>): readonly string[] {
  return aliases ? [id, ...aliases] : [id];
}

/** Whether a newer version of the package is without the defect; the scanner may know that there is one and not which. */
export function isFixable({ fixed, fixAvailable }: Pick<Finding, 'fixed' | 'fixAvailable'>): boolean {
  return Boolean(fixed) || fixAvailable === 'YES';
}

/** How many findings of each severity there are. */
export function countsOf(findings: readonly Pick<Finding, 'severity'>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return counts;
}

/** What tells one finding from another: the same defect of the same package in two places of an image is one. */
export const findingKey = ({ id, package: name, installed }: Finding): string => JSON.stringify([id, name, installed]);

/** The worst first; of the same severity by name, so that two scans of one image are alike. */
export function bySeverity(one: Finding, other: Finding): number {
  return (
    severities.indexOf(one.severity) - severities.indexOf(other.severity) ||
    compare(one.id, other.id) ||
    compare(one.package, other.package) ||
    compare(one.installed, other.installed)
  );
}

/** By code units: thousands of comparisons by a language's rules take seconds. */
const compare = (one: string, other: string): number => (one === other ? 0 : one < other ? -1 : 1);
