import { z } from 'zod';
import { severities } from './findings.ts';
import { scannerNames } from './scanner-report.ts';

/** What comes of a scanner's findings, and of a scanner that could not look: the image is not released, people are told, or nothing. */
export const responses = ['block', 'warn', 'ignore'] as const;

export const policySchema = z.strictObject({
  /** The worst severity that may be released; anything above blocks. */
  maxSeverity: z.enum(severities),
  /** The same for findings that no newer version mends; `maxSeverity` where it is absent. */
  maxUnfixableSeverity: z.enum(severities).optional(),
  /** What an image gets whose distribution the registry's scanner does not know. */
  unscannable: z.enum(['block', 'warn']),
  scanners: z.record(z.enum(scannerNames), z.enum(responses)),
});

export type Policy = z.infer<typeof policySchema>;
export type Response = (typeof responses)[number];

/** What a policy says for itself where it says little: CCCP's scanners never blocked, and a test that fails always should have. */
export const usualPolicy: Policy = {
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
