import * as z from 'zod';
import { shownSchema } from '../../text/safe-line.ts';
import type { FindingText } from '../finding-text.ts';

export const integrityProblems = [
  'missing',
  'size',
  'mode',
  'digest',
  'device',
  'link',
  'user',
  'group',
  'time',
  'capabilities',
  'unreadable',
] as const;

/** A file that differs from what its package installed. */
export const changedFileSchema = z.object({
  path: shownSchema(1000),
  problems: z.array(z.enum(integrityProblems)).min(1),
  /** Documentation and licences are marked as configuration is. */
  kind: z.enum(['config', 'documentation', 'ghost', 'licence', 'readme']).optional(),
  package: shownSchema(200).optional(),
  /** Of the package: `RSA/SHA256, …, Key ID …`; absent where it is not signed or the format knows no signature. */
  signature: shownSchema(300).optional(),
  vendor: shownSchema(200).optional(),
});

export type ChangedFile = z.infer<typeof changedFileSchema>;

export function describeChangedFile({ path, problems, package: owner }: ChangedFile): FindingText {
  return {
    id: path,
    sentence: `${path}${owner ? ` of ${owner}` : ''} differs from what its package installed (${problems.join(', ')})`,
    remedy: 'install the package again, and do not change its files in the Dockerfile',
  };
}
