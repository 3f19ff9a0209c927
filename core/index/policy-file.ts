import * as z from 'zod';
import { type OwnPolicy, weakerThan } from '../model/policy.ts';
import { suggestionFor } from '../text/suggestion.ts';
import { quoted } from '../text/visible.ts';
import type { FileDiagnostic } from './diagnostic.ts';
import { diagnosticsOf, plainOf } from './entry-check.ts';
import { indexPolicyMapping, policyOf } from './policy-keys.ts';
import type { Mapping, YamlFile } from './yaml.ts';

/** The file with the policy for every project of the index. */
export const policyFile = 'policy.yml';

const fileSchema = z.object({ policy: indexPolicyMapping });

/** Reads the policy of the whole index. With an error there is no policy. */
export function readPolicyFile({ content, faults }: YamlFile): { value?: OwnPolicy; diagnostics: FileDiagnostic[] } {
  const diagnostics: FileDiagnostic[] = faults.map((fault) => ({ severity: 'error', ...fault }));
  const refuse = (offset: number, message: string, code: FileDiagnostic['code'] = 'structure') =>
    diagnostics.push({ severity: 'error', code, offset, message });
  const missing =
    'The file has no mapping "policy". Write "policy:" and below it, for example, "max-severity: MEDIUM".';
  if (!content) return { diagnostics };
  if (content.kind !== 'mapping') {
    refuse(content.offset, missing);
    return { diagnostics };
  }
  for (const [key, { offset }] of content.keys) {
    if (key === 'policy') continue;
    const advice = suggestionFor(key, ['policy']) ? 'Did you mean "policy"?' : 'The file has the key "policy" alone.';
    refuse(offset, `The key ${quoted(key)} is not known. ${advice}`, 'unknown-key');
  }
  const written = content.keys.get('policy')?.value;
  if (written?.kind !== 'mapping') {
    if (diagnostics.length === 0) refuse(written?.offset ?? content.offset, missing);
    return { diagnostics };
  }
  const result = fileSchema.safeParse({ policy: plainOf(written) });
  diagnostics.push(...(result.error?.issues ?? []).flatMap((issue) => diagnosticsOf(issue, content)));
  if (diagnostics.length > 0 || !result.success) return { diagnostics };
  const policy = policyOf(result.data.policy);
  if (policy) return { value: policy, diagnostics };
  refuse(written.offset, 'The policy is empty. Take the file away, or write what it allows.');
  return { diagnostics };
}

/** Warns of rules that an entry makes weaker than the index's: that is allowed, but reviewers should see it. */
export function weakerDiagnostics(
  entry: Mapping,
  own: OwnPolicy | undefined,
  index: OwnPolicy | undefined,
): FileDiagnostic[] {
  if (!own || !index) return [];
  const written = entry.keys.get('policy')?.value;
  return weakerThan(index, own).map(({ path, own: mine, common }) => {
    const place = path.reduce<{ value: typeof written; offset: number }>(
      (at, key) => {
        const next = at.value?.kind === 'mapping' ? at.value.keys.get(key) : undefined;
        return { value: next?.value, offset: next?.offset ?? at.offset };
      },
      { value: written, offset: written?.offset ?? entry.offset },
    );
    const message = `"policy, ${path.join(', ')}": ${mine} is weaker than ${common}, which ${policyFile} says for the whole index. Let the reviewer know why.`;
    return { severity: 'warning', code: 'policy', offset: place.offset, message };
  });
}
