import * as z from 'zod';
import { InvalidInputError } from '../model/errors.ts';
import { severities } from '../model/findings.ts';
import { parseImageReference } from '../model/image-reference.ts';
import { type OwnPolicy, responses, unscannableResponses, unsignedResponses } from '../model/policy.ts';
import { type ScannerName, scannerNames } from '../model/scanner-names.ts';
import { quoted } from '../text/visible.ts';
import { listOf, oneOf, rule, text } from './values.ts';

const descriptions: Readonly<Record<ScannerName, string>> = {
  'package-updates': 'Packages of the distribution that have an update.',
  'language-updates': 'Packages of pip, npm and gem that have an update.',
  capabilities: 'What the labels RUN, INSTALL and UNINSTALL would give the container of the host.',
  'file-integrity': 'Files that are not as their package brought them.',
  'dockerfile-lint': 'Remarks on the Dockerfile; those of the level info warn at most.',
  'user-test': "The project's own tests that the image did not pass.",
  sbom: 'Whether the SBOM could be generated, and put beside the released image.',
};

export const scannersMapping = z.strictObject(
  Object.fromEntries(
    scannerNames.map((name) => [name, oneOf(responses).nullish().describe(descriptions[name])]),
  ) as Record<ScannerName, z.ZodOptional<z.ZodNullable<ReturnType<typeof oneOf>>>>,
  { error: `It must be a mapping of scanners, such as "package-updates: ${responses[0]}".` },
);

/** An image without a tag: each build pins the digest of the tag that its Dockerfile names. */
const frontend = text.check(
  rule((value) => {
    try {
      const { tag, digest } = parseImageReference(value);
      return tag === undefined && digest === undefined
        ? undefined
        : `Write ${quoted(value)} without a tag and a digest.`;
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      return error.message;
    }
  }),
);

/** `policy:` as it is written, in an entry and in the index's policy file. */
export const policyMapping = z.strictObject(
  {
    'max-severity': oneOf(severities)
      .nullish()
      .describe('The worst severity that a finding may have for the image to be released all the same.'),
    'max-unfixable-severity': oneOf(severities)
      .nullish()
      .describe('The same for findings that no newer version fixes; `max-severity` if absent.'),
    unscannable: oneOf(unscannableResponses)
      .nullish()
      .describe("What an image gets whose distribution the registry's scanner does not know: `block` or `warn`."),
    unsigned: oneOf(unsignedResponses)
      .nullish()
      .describe('What an image gets that cannot be signed: `block`, so that it waits for the key, or `warn`.'),
    scanners: scannersMapping
      .nullish()
      .describe('What the findings of each scanner do, and a scanner that failed: `block`, `warn` or `ignore`.'),
  },
  { error: 'It must be a mapping, such as "max-severity: MEDIUM".' },
);

/** What the policy of the whole index has besides. */
export const indexPolicyMapping = policyMapping.extend({ frontends: listOf(frontend, 'an image').optional() });

/** Converts the written policy into the pipeline's form; undefined where it is empty. */
export function policyOf(
  written: z.infer<typeof policyMapping> | z.infer<typeof indexPolicyMapping> | null | undefined,
): OwnPolicy | undefined {
  if (!written) return undefined;
  const word = <Word extends string>(words: readonly Word[], value: string | null | undefined) =>
    words.find((known) => known.toLowerCase() === value?.toLowerCase());
  const scanners = scannerNames.flatMap((name) => {
    const response = word(responses, written.scanners?.[name]);
    return response ? [[name, response] as const] : [];
  });
  const policy: OwnPolicy = Object.fromEntries(
    Object.entries({
      maxSeverity: word(severities, written['max-severity']),
      maxUnfixableSeverity: word(severities, written['max-unfixable-severity']),
      unscannable: word(unscannableResponses, written.unscannable),
      unsigned: word(unsignedResponses, written.unsigned),
      scanners: scanners.length > 0 ? Object.fromEntries(scanners) : undefined,
      frontends: written && 'frontends' in written && written.frontends ? [written.frontends].flat() : undefined,
    }).filter(([, value]) => value !== undefined),
  );
  return Object.keys(policy).length > 0 ? policy : undefined;
}
