import * as z from 'zod';
import { quoted } from '../text/visible.ts';
import { destination, mostDestinations } from './destinations.ts';
import type { FileDiagnostic } from './diagnostic.ts';
import { diagnosticsOf, plainOf } from './entry-check.ts';
import { listOf, rule, text } from './values.ts';
import type { YamlFile } from './yaml.ts';

/** The file with the destinations of every project of the index. */
export const destinationsFile = 'destinations.yml';

/** A folder of images, or the name of one with `{app-id}` and `{job-id}` in it. */
const commonDestination = text.check(
  rule((value) => {
    if (!value.endsWith('/') && !(value.includes('{app-id}') && value.includes('{job-id}'))) {
      return `${quoted(value)} would be the same for every image. Write a folder, quay.io/acme/, or {app-id} and {job-id} in the name.`;
    }
    const example = value.replaceAll('{app-id}', 'app').replaceAll('{job-id}', 'job');
    return destination.safeParse(example).error?.issues[0]?.message;
  }),
);

const fileSchema = z.object({
  destinations: listOf(commonDestination, 'the name of an image', mostDestinations),
});

/** Reads the destinations of the whole index. With an error there are none. */
export function readDestinationsFile({ content, faults }: YamlFile): {
  value?: string[];
  diagnostics: FileDiagnostic[];
} {
  const diagnostics: FileDiagnostic[] = faults.map((fault) => ({ severity: 'error', ...fault }));
  if (!content) return { diagnostics };
  const message = 'The file has the key "destinations" alone. Write "destinations:" and below it "- ghcr.io/acme/".';
  if (content.kind !== 'mapping' || content.keys.size !== 1 || !content.keys.has('destinations')) {
    diagnostics.push({ severity: 'error', code: 'structure', offset: content.offset, message });
    return { diagnostics };
  }
  const written = content.keys.get('destinations')?.value;
  const result = fileSchema.safeParse({ destinations: written && plainOf(written) });
  diagnostics.push(...(result.error?.issues ?? []).flatMap((issue) => diagnosticsOf(issue, content)));
  if (diagnostics.length > 0 || !result.success) return { diagnostics };
  return { value: [result.data.destinations ?? []].flat(), diagnostics };
}
