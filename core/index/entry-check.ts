import type * as z from 'zod';
import { suggestionFor } from '../text/suggestion.ts';
import { quoted } from '../text/visible.ts';
import type { FileDiagnostic } from './diagnostic.ts';
import {
  type EntryKey,
  type EntryValues,
  entryKeys,
  entrySchema,
  expectedKeys,
  keysWithin,
  requiredKeys,
} from './entry-keys.ts';
import { type Mapping, type Value, valueAt } from './yaml.ts';

/** Checks each key of an entry on its own. `values` is absent if no project can be made from them. */
export function checkKeys(entry: Mapping): { values?: EntryValues | undefined; diagnostics: FileDiagnostic[] } {
  const diagnostics: FileDiagnostic[] = [];
  const misspelt = reportUnknown(entry, diagnostics);
  const missing = requiredKeys.filter((key) => isNothing(entry.keys.get(key)?.value));
  for (const key of missing) {
    // The diagnostic of the misspelt key already says so.
    if (misspelt.has(key)) continue;
    const offset = entry.keys.get(key)?.offset ?? entry.offset;
    const message = `The key "${key}" is missing or empty. It holds: ${entrySchema.shape[key].description}`;
    diagnostics.push({ severity: 'error', code: 'missing-key', offset, message });
  }
  for (const [key, consequence] of Object.entries(expectedKeys)) {
    if (entry.keys.has(key) || misspelt.has(key)) continue;
    const message = `The key "${key}" is missing. ${consequence}`;
    diagnostics.push({ severity: 'warning', code: 'missing-key', offset: entry.offset, message });
  }
  const known = [...entry.keys].filter(([key]) => isEntryKey(key) && !missing.includes(key));
  const result = entrySchema.safeParse(Object.fromEntries(known.map(([key, { value }]) => [key, plainOf(value)])));
  const seen = new Set<string>();
  for (const issue of (result.error?.issues ?? []).flatMap(explained)) {
    const path = issue.path.join('.');
    // If a value breaks several rules, the first one is enough.
    if (seen.has(path) || missing.includes(path as EntryKey)) continue;
    seen.add(path);
    diagnostics.push(...diagnosticsOf(issue, entry));
  }
  return { diagnostics, values: result.success ? result.data : undefined };
}

/** Reports unknown keys, and returns the known keys that seem to be meant by them. */
function reportUnknown(entry: Mapping, diagnostics: FileDiagnostic[]): Set<string> {
  const misspelt = new Set<string>();
  for (const [key, { offset }] of entry.keys) {
    if (isEntryKey(key)) continue;
    const meant = suggestionFor(key, entryKeys);
    const isLost = meant !== undefined && !entry.keys.has(meant);
    if (isLost) misspelt.add(meant);
    const advice = isLost
      ? `Did you mean "${meant}"?`
      : meant
        ? `It is ignored: "${meant}" is there, too. Take it out.`
        : 'It is ignored. Take it out, or make it a comment.';
    const message = `The key ${quoted(key)} is not known. ${advice}`;
    diagnostics.push({ severity: isLost ? 'error' : 'warning', code: 'unknown-key', offset, message });
  }
  return misspelt;
}

/** Of alternatives that all fail, the one that the value has the form of: its errors are within the value. */
function explained(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const isWithin = ({ path, code }: z.core.$ZodIssue) => path.length > 0 || code === 'unrecognized_keys';
  const alternatives = issue.errors.map((issues) => issues.flatMap(explained));
  const meant = alternatives.find((issues) => issues.length > 0 && issues.every(isWithin));
  return meant ? meant.map((each) => ({ ...each, path: [...issue.path, ...each.path] })) : [issue];
}

/** What the schema reports about a value, at the value's position. */
export function diagnosticsOf(issue: z.core.$ZodIssue, entry: Mapping): FileDiagnostic[] {
  const name = issue.path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}, item ${part + 1}` : `${text && `${text}, `}"${String(part)}"`,
    '',
  );
  const value = valueAt(entry, issue.path);
  const holder = valueAt(entry, issue.path.slice(0, -1));
  const offset = value?.offset ?? holder?.offset ?? entry.offset;
  if (issue.code === 'unrecognized_keys') {
    const known = keysWithin(String(issue.path.findLast((part) => typeof part === 'string')));
    return issue.keys.map((key) => {
      const meant = suggestionFor(key, known);
      const advice = meant ? `Did you mean "${meant}"?` : `It has the keys ${known.join(', ')}.`;
      const message = `${name}: the key ${quoted(key)} is not known. ${advice}`;
      const at = value?.kind === 'mapping' ? value.keys.get(key)?.offset : undefined;
      return { severity: 'error', code: 'unknown-key', offset: at ?? offset, message };
    });
  }
  if (isNothing(value)) {
    return [{ severity: 'error', code: 'missing-key', offset, message: `${name} is missing or empty.` }];
  }
  const code = issue.code === 'custom' && issue.params?.isHidden ? 'hidden-character' : 'value';
  return [{ severity: 'error', code, offset, message: `${name}: ${issue.message}` }];
}

function isEntryKey(key: string): key is EntryKey {
  return Object.hasOwn(entrySchema.shape, key);
}

function isNothing(value: Value | undefined): boolean {
  return !value || value.kind === 'nothing' || (value.kind === 'list' && value.items.length === 0);
}

export function plainOf(value: Value): unknown {
  switch (value.kind) {
    case 'text':
      return value.text;
    case 'list':
      return value.items.map(plainOf);
    case 'mapping':
      return Object.fromEntries([...value.keys].map(([key, { value: held }]) => [key, plainOf(held)]));
    case 'nothing':
      return null;
  }
}
