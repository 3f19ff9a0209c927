import { z } from 'zod';

/** ECR's severities, the worst first. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanFinding.html */
export const severities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL', 'UNDEFINED'] as const;
export type Severity = (typeof severities)[number];

export const findingSchema = z.object({
  /** `CVE-2024-1234` */
  id: z.string(),
  severity: z.enum(severities),
  package: z.string(),
  installed: z.string(),
  /** The first version without the defect, where the scanner knows one. */
  fixed: z.string().optional(),
  url: z.string().optional(),
});

/** What the registry's scanner said of one digest: the object `builds/<id>/findings.json`. */
export const scanSchema = z.object({
  /** `complete` has findings (perhaps none); the others have a reason and block. */
  state: z.enum(['complete', 'failed', 'unsupported', 'timed-out']),
  reason: z.string().optional(),
  findings: z.array(findingSchema),
});

export type Finding = z.infer<typeof findingSchema>;
export type Scan = z.infer<typeof scanSchema>;
