import { z } from 'zod';
import { type Severity, severities } from './findings.ts';
import { scannerNames } from './scanner-names.ts';

/** What comes of a scanner's findings, and of a scanner that could not look: the image is not released, people are told, or nothing. */
export const responses = ['block', 'warn', 'ignore'] as const;
/** What comes of an image whose distribution the registry's scanner does not know: nobody can ignore that it was not looked at. */
export const unscannableResponses = ['block', 'warn'] as const;

export const policySchema = z.strictObject({
  /** The worst severity that may be released; anything above blocks. */
  maxSeverity: z.enum(severities),
  /** The same for findings that no newer version fixes; `maxSeverity` where it is absent. */
  maxUnfixableSeverity: z.enum(severities).optional(),
  /** What an image gets whose distribution the registry's scanner does not know. */
  unscannable: z.enum(unscannableResponses),
  scanners: z.record(z.enum(scannerNames), z.enum(responses)),
});

export type Policy = z.infer<typeof policySchema>;
export type Response = (typeof responses)[number];
export type UnscannableResponse = (typeof unscannableResponses)[number];

/** What a policy says for itself where it says little: CCCP's scanners never blocked, and a test that fails always should have. */
export const defaultPolicy: Policy = {
  maxSeverity: 'MEDIUM',
  unscannable: 'block',
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

/** What the index, or one of its entries, says otherwise. */
export const ownPolicySchema = z.object({
  ...policySchema.partial().shape,
  scanners: z.partialRecord(z.enum(scannerNames), z.enum(responses)).optional(),
});

export type OwnPolicy = z.infer<typeof ownPolicySchema>;

/** Of two that say something of the same key, the second counts. */
export function withOwnPolicy(common: OwnPolicy | undefined, own: OwnPolicy | undefined): OwnPolicy | undefined {
  if (!common || !own) return own ?? common;
  const scanners = { ...common.scanners, ...own.scanners };
  return { ...common, ...own, ...(Object.keys(scanners).length > 0 ? { scanners } : {}) };
}

/**
 * The policy that counts for a project: its own, which the index's is folded into, over the pipeline's configuration, key by key. Undefined
 * where they do not say all that a policy must: then there is none, and nothing is released.
 */
export function effectivePolicy(pipeline: unknown, own: OwnPolicy | undefined): Policy | undefined {
  const whole = policySchema.safeParse(withOwnPolicy(ownPolicySchema.safeParse(pipeline).data, own));
  return whole.success ? whole.data : undefined;
}

/** How bad a severity is. A finding that nobody rated is no reason to wave it through: it counts as MEDIUM. */
export const severityWeights: Readonly<Record<Severity, number>> = {
  CRITICAL: 5,
  HIGH: 4,
  MEDIUM: 3,
  UNDEFINED: 3,
  LOW: 2,
  INFORMATIONAL: 1,
};

/** Each key by which an entry's policy lets more pass than the index's, as the two are written. */
export function milderThan(
  index: OwnPolicy,
  entry: OwnPolicy,
): { path: readonly [string, ...string[]]; own: string; common: string }[] {
  const limits = [
    ['max-severity', entry.maxSeverity, index.maxSeverity],
    ['max-unfixable-severity', entry.maxUnfixableSeverity, index.maxUnfixableSeverity ?? index.maxSeverity],
  ] as const;
  const isMilder = (own: Response, common: Response) => responses.indexOf(own) > responses.indexOf(common);
  return [
    ...limits.flatMap(([key, own, common]) =>
      own && common && severityWeights[own] > severityWeights[common] ? [{ path: [key] as const, own, common }] : [],
    ),
    ...(entry.unscannable && index.unscannable && isMilder(entry.unscannable, index.unscannable)
      ? [{ path: ['unscannable'] as const, own: entry.unscannable, common: index.unscannable }]
      : []),
    ...scannerNames.flatMap((name) => {
      const [own, common] = [entry.scanners?.[name], index.scanners?.[name]];
      return own && common && isMilder(own, common) ? [{ path: ['scanners', name] as const, own, common }] : [];
    }),
  ];
}
