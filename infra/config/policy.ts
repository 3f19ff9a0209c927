import * as z from 'zod';
import { severities } from '../../core/model/findings.ts';
import { defaultPolicy, responses, unsignedResponses } from '../../core/model/policy.ts';
import { type ScannerName, scannerNames } from '../../core/model/scanner-names.ts';

export const policySchema = z
  .strictObject({
    maxSeverity: z
      .enum(severities)
      .default(defaultPolicy.maxSeverity)
      .describe('The worst severity that a released image may have.'),
    maxUnfixableSeverity: z
      .enum(severities)
      .optional()
      .describe('The same for findings that no newer version fixes, where it differs.'),
    unscannable: z
      .enum(['block', 'warn'])
      .default(defaultPolicy.unscannable)
      .describe('The outcome for an image whose distribution the scanner does not know: `block` or `warn`.'),
    unsigned: z
      .enum(unsignedResponses)
      .default(defaultPolicy.unsigned)
      .describe(
        'The outcome for an image that cannot be signed: `block`, it is not released, or `warn`. An SBOM is attested where there is one; `scanners.sbom` says whether the release may go on without.',
      ),
    scanners: z
      .strictObject(
        Object.fromEntries(
          scannerNames.map((name) => [
            name,
            z
              .enum(responses)
              .default(defaultPolicy.scanners[name])
              .describe(`The outcome for findings of \`${name}\`: \`block\`, \`warn\` or \`ignore\`.`),
          ]),
        ) as Record<ScannerName, z.ZodDefault<z.ZodEnum<{ block: 'block'; warn: 'warn'; ignore: 'ignore' }>>>,
      )
      .prefault({}),
  })
  .prefault({});
