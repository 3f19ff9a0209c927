import * as z from 'zod';
import { quoted } from '../text/visible.ts';
import { buildArguments, imageLabels, imagePlatforms } from './build-keys.ts';
import type { FileDiagnostic } from './diagnostic.ts';
import { diagnosticsOf, plainOf } from './entry-check.ts';
import type { YamlFile } from './yaml.ts';

/** The file with what each entry of the index says that does not say otherwise. */
export const defaultsFile = 'defaults.yml';

const fileSchema = z.object({
  'build-args': buildArguments.nullish(),
  labels: imageLabels.nullish(),
  platforms: imagePlatforms.optional(),
});
const known = Object.keys(fileSchema.shape);

export type Defaults = z.infer<typeof fileSchema>;

/** With an error there are no defaults. */
export function readDefaultsFile({ content, faults }: YamlFile): { value?: Defaults; diagnostics: FileDiagnostic[] } {
  const diagnostics: FileDiagnostic[] = faults.map((fault) => ({ severity: 'error', ...fault }));
  if (!content) return { diagnostics };
  const keys = `The file has the keys ${known.slice(0, -1).join(', ')} and ${known.at(-1)} alone.`;
  if (content.kind !== 'mapping') {
    diagnostics.push({ severity: 'error', code: 'structure', offset: content.offset, message: keys });
    return { diagnostics };
  }
  for (const [key, { offset }] of content.keys) {
    if (known.includes(key)) continue;
    const message = `The key ${quoted(key)} is not known. ${keys}`;
    diagnostics.push({ severity: 'error', code: 'unknown-key', offset, message });
  }
  const result = fileSchema.safeParse(plainOf(content));
  diagnostics.push(...(result.error?.issues ?? []).flatMap((issue) => diagnosticsOf(issue, content)));
  return diagnostics.length > 0 || !result.success ? { diagnostics } : { value: result.data, diagnostics };
}
