import * as z from 'zod';
import { findingSchema, scanSchema } from '../model/findings.ts';
import { packageListSchema } from '../model/package-list.ts';
import { comparisonSchema } from '../releases/image-diff.ts';
import { type ScannerName, scannerReportSchema } from '../scanners/report.ts';
import { named, pieceOf } from './named.ts';

const acceptedSchema = z
  .object({
    id: z.string(),
    by: z.string(),
    reason: z.string(),
    /** The last day on which it counts. */
    expires: z.iso.date(),
  })
  .register(named, {
    id: 'Waiver',
    description: 'The exception or VEX statement of the index that accepts a finding.',
  });

export const apiFindingsSchema = scanSchema
  .omit({ findings: true })
  .extend(
    pieceOf(
      findingSchema.extend({
        /** A package URL. */
        purl: z.string().optional(),
        accepted: acceptedSchema.nullable(),
      }),
    ).shape,
  )
  .register(named, { id: 'Findings', description: "The findings of the registry's scanner, the worst first." });

/** Each scanner has findings of its own form. */
const scanners = scannerReportSchema.options.map(({ shape }) => ({
  head: z.object({
    scanner: shape.scanner as z.ZodLiteral<ScannerName>,
    state: shape.state,
    reason: z.string().nullable(),
    tool: z.string().nullable(),
    total: z.int().nonnegative(),
    seconds: z.number().nonnegative(),
  }),
  finding: z.object({
    /** The id by which an exception names it. */
    id: z.string(),
    sentence: z.string(),
    remedy: z.string(),
    finding: shape.findings.element as z.ZodType,
    accepted: acceptedSchema.nullable(),
  }),
}));

const whole = scanners.map(({ head, finding }) => head.extend({ findings: z.array(finding) }));
const pieces = scanners.map(({ head, finding }) => head.extend(pieceOf(finding).shape));

export const apiScannersSchema = z
  .object({ items: z.array(z.discriminatedUnion('scanner', atLeastOne(whole))) })
  .register(named, { id: 'ScannerReports', description: "The builder's scanners, each with its first findings." });

export const apiScannerSchema = z
  .discriminatedUnion('scanner', atLeastOne(pieces))
  .register(named, { id: 'ScannerReport', description: "All findings of one of the builder's scanners." });

export const apiComparisonSchema = comparisonSchema.register(named, {
  id: 'Comparison',
  description: 'What differs from the release before.',
});

const { contents, distribution } = packageListSchema.shape;
const [read] = contents.options;

export const apiPackagesSchema = pieceOf(read.shape.packages.element)
  .extend({
    /** `none`: the image has no package database. */
    state: z.enum(['read', 'none', 'unreadable']),
    distribution: distribution.unwrap().nullable(),
    reason: z.string().optional(),
    manager: read.shape.manager.optional(),
    architecture: read.shape.architecture.optional(),
  })
  .register(named, { id: 'Packages', description: "The installed packages, from the image's own database." });

export type ApiFindings = z.infer<typeof apiFindingsSchema>;
export type ApiPackages = z.infer<typeof apiPackagesSchema>;

function atLeastOne<Item>([first, ...rest]: Item[]): [Item, ...Item[]] {
  if (first === undefined) throw new Error('There is no scanner.');
  return [first, ...rest];
}
