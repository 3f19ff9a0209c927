import * as z from 'zod';
import { shownSchema } from '../text/safe-line.ts';
import { purlSchema } from './purl.ts';

/** What a vulnerability means for a product. https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md#status-labels */
export const vexStatuses = ['not_affected', 'affected', 'fixed', 'under_investigation'] as const;

/** Whether a statement with this status accepts the vulnerability. */
export function isAccepting(status: (typeof vexStatuses)[number]): boolean {
  return status === 'not_affected' || status === 'fixed';
}

/** Why a product is not affected. https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md#status-justifications */
export const vexJustifications = [
  'component_not_present',
  'vulnerable_code_not_present',
  'vulnerable_code_not_in_execute_path',
  'vulnerable_code_cannot_be_controlled_by_adversary',
  'inline_mitigations_already_exist',
] as const;

/** One statement of an OpenVEX document of the index, limited to one project. */
export const vexStatementSchema = z.object({
  /** The vulnerability with its other names: `CVE-2026-1234`. */
  ids: z.array(shownSchema(100)).min(1),
  status: z.enum(vexStatuses),
  justification: z.enum(vexJustifications).optional(),
  /** The packages that it applies to; the whole image where it is absent. */
  packages: z.array(purlSchema).optional(),
  author: shownSchema(200),
  /** The last day on which it is valid: like an exception, a statement must be reviewed from time to time. */
  expires: z.iso.date(),
  /** Its file in the index: `vex/openssl.json`. */
  file: shownSchema(300),
});

export type VexStatement = z.infer<typeof vexStatementSchema>;
