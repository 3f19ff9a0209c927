import * as z from 'zod';
import { type Severity, severities } from './findings.ts';
import { scannerNames } from './scanner-names.ts';

/** The effect of a scanner's findings, or of its failure: the image is not released, people are warned, or nothing happens. */
export const responses = ['block', 'warn', 'ignore'] as const;
/** The effect when the registry's scanner does not know the image's distribution. `ignore` is no choice, because the image was not scanned. */
export const unscannableResponses = ['block', 'warn'] as const;

/** The effect when an image cannot be signed. */
export const unsignedResponses = ['block', 'warn'] as const;

export const policySchema = z.strictObject({
  /** The worst severity that may be released; anything above blocks. */
  maxSeverity: z.enum(severities),
  /** The same for findings that are not fixable; `maxSeverity` where it is absent. */
  maxUnfixableSeverity: z.enum(severities).optional(),
  /** The effect when the registry's scanner does not know the image's distribution. */
  unscannable: z.enum(unscannableResponses),
  /** The effect when an image cannot be signed. */
  unsigned: z.enum(unsignedResponses),
  scanners: z.record(z.enum(scannerNames), z.enum(responses)),
});

export type Policy = z.infer<typeof policySchema>;
export type Response = (typeof responses)[number];
export type UnscannableResponse = (typeof unscannableResponses)[number];

/** The default policy: scanners warn, as CCCP's scanners never blocked; a failed user test blocks, as it always should have in CCCP. */
export const defaultPolicy: Policy = {
  maxSeverity: 'MEDIUM',
  unscannable: 'block',
  unsigned: 'block',
  scanners: {
    'package-updates': 'warn',
    'language-updates': 'warn',
    capabilities: 'warn',
    'file-integrity': 'warn',
    'dockerfile-lint': 'warn',
    'user-test': 'block',
    sbom: 'warn',
  },
};

/** The keys that the index, or one of its entries, overrides. */
export const ownPolicySchema = z.object({
  ...policySchema.partial().shape,
  scanners: z.partialRecord(z.enum(scannerNames), z.enum(responses)).optional(),
  /** The index's alone: images that a Dockerfile may name as its frontend (`# syntax=`), besides Docker's own. */
  frontends: z.array(z.string()).optional(),
});

export type OwnPolicy = z.infer<typeof ownPolicySchema>;

/** Merges two policies; where both have a key, the second wins. */
export function withOwnPolicy(common: OwnPolicy | undefined, own: OwnPolicy | undefined): OwnPolicy | undefined {
  if (!common || !own) return own ?? common;
  const scanners = { ...common.scanners, ...own.scanners };
  return { ...common, ...own, ...(Object.keys(scanners).length > 0 ? { scanners } : {}) };
}

/**
 * The policy of a project, key by key: its own keys, with which the index's are already merged, override the pipeline's configuration.
 * Undefined if a required key is missing: then nothing is released.
 */
export function effectivePolicy(pipeline: unknown, own: OwnPolicy | undefined): Policy | undefined {
  const { frontends: _, ...rules } = withOwnPolicy(ownPolicySchema.safeParse(pipeline).data, own) ?? {};
  const whole = policySchema.safeParse(rules);
  return whole.success ? whole.data : undefined;
}

/** The weight of each severity. A finding without a rating counts as MEDIUM, so that it is not released unchecked. */
export const severityWeights: Readonly<Record<Severity, number>> = {
  CRITICAL: 5,
  HIGH: 4,
  MEDIUM: 3,
  UNDEFINED: 3,
  LOW: 2,
  INFORMATIONAL: 1,
};

/** Each key in which an entry's policy is weaker than the index's, with both values as written. */
export function weakerThan(
  index: OwnPolicy,
  entry: OwnPolicy,
): { path: readonly [string, ...string[]]; own: string; common: string }[] {
  const limits = [
    ['max-severity', entry.maxSeverity, index.maxSeverity],
    ['max-unfixable-severity', entry.maxUnfixableSeverity, index.maxUnfixableSeverity ?? index.maxSeverity],
  ] as const;
  const isWeaker = (own: Response, common: Response) => responses.indexOf(own) > responses.indexOf(common);
  return [
    ...limits.flatMap(([key, own, common]) =>
      own && common && severityWeights[own] > severityWeights[common] ? [{ path: [key] as const, own, common }] : [],
    ),
    ...(['unscannable', 'unsigned'] as const).flatMap((key) => {
      const [own, common] = [entry[key], index[key]];
      return own && common && isWeaker(own, common) ? [{ path: [key] as const, own, common }] : [];
    }),
    ...scannerNames.flatMap((name) => {
      const [own, common] = [entry.scanners?.[name], index.scanners?.[name]];
      return own && common && isWeaker(own, common) ? [{ path: ['scanners', name] as const, own, common }] : [];
    }),
  ];
}
