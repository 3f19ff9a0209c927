import type { Project } from '../model/project.ts';
import { suggestionFor } from '../text/suggestion.ts';
import { quoted } from '../text/visible.ts';
import type { FileDiagnostic } from './diagnostic.ts';
import { type EntryOptions, readEntry } from './read-entry.ts';
import { type Mapping, textOf, type Value, type YamlFile } from './yaml.ts';

interface Entry {
  project: Project;
  /** `app/job:tag` as it is written. */
  shown: string;
  offset: number;
  /** The offset of `depends-on`. */
  parentsOffset: number;
}

export interface ReadFile {
  /** The entries that a project can be made from. */
  entries: Entry[];
  diagnostics: FileDiagnostic[];
  /** Whether every entry of the file is among them. */
  isWhole: boolean;
}

/** Reads the entries of one file; an error in one does not hide errors in the others. */
export function readEntries(yaml: YamlFile, file: string, options: EntryOptions): ReadFile {
  const { positionOf } = yaml;
  const faults = yaml.faults
    .map((fault): FileDiagnostic => ({ severity: 'error', ...fault }))
    .toSorted((one, other) => one.offset - other.offset);
  const { mappings, diagnostics } = entriesOf(yaml.content);
  let isWhole = mappings.length > 0 && diagnostics.every(({ severity }) => severity === 'warning');
  const entries: Entry[] = [];
  const idLines = new Map<string, number>();
  const hiddenLines = new Set(faults.filter(isHidden).map(({ offset }) => positionOf(offset).line));

  let taken = 0;
  const takeUntil = (end: number) => {
    const from = taken;
    while ((faults[taken]?.offset ?? Infinity) < end) taken += 1;
    return faults.slice(from, taken);
  };

  for (const [at, mapping] of mappings.entries()) {
    const { offset } = mapping;
    const { project, shown, diagnostics: own } = readEntry(mapping, file, options);
    const end = mappings[at + 1]?.offset ?? Infinity;
    const faultsHere = takeUntil(end).filter((fault) => fault.offset >= offset);
    for (const fault of faultsHere) fault.entry = shown;
    for (const diagnostic of own) {
      // The file's own faults already report the exact position of the character.
      const isReported = isHidden(diagnostic) && hiddenLines.has(positionOf(diagnostic.offset).line);
      if (!isReported) diagnostics.push({ ...diagnostic, entry: shown });
    }
    const id = textOf(mapping, 'id');
    const line = id && idLines.get(id.text);
    if (id && line === undefined) idLines.set(id.text, positionOf(offset).line);
    if (id && line !== undefined) {
      const message = `The entry in line ${line} has the id ${quoted(id.text)} already. Give each entry of the file a number of its own.`;
      diagnostics.push({ severity: 'error', code: 'duplicate-id', offset: id.offset, entry: shown, message });
    }
    if (project && faultsHere.every(isHidden)) {
      entries.push({ project, shown, offset, parentsOffset: mapping.keys.get('depends-on')?.offset ?? offset });
    } else {
      isWhole = false;
    }
  }
  isWhole &&= faults.every((fault) => fault.entry !== undefined || isHidden(fault));
  return { entries, diagnostics: [...faults, ...diagnostics], isWhole };
}

function isHidden({ code }: FileDiagnostic): boolean {
  return code === 'hidden-character';
}

/** The entries of `Projects`. Anything else in the file is reported. */
function entriesOf(content: Value | undefined): { mappings: Mapping[]; diagnostics: FileDiagnostic[] } {
  const diagnostics: FileDiagnostic[] = [];
  const refuse = (offset: number, message: string) =>
    diagnostics.push({ severity: 'error', code: 'structure', offset, message });
  const none = { mappings: [], diagnostics };
  if (!content) return none;
  const missing = 'The file has no list "Projects". Start it with "Projects:" and one "- id: …" for each image.';
  if (content.kind !== 'mapping') {
    refuse(content.offset, missing);
    return none;
  }
  const projects = content.keys.get('Projects');
  for (const [key, { offset }] of content.keys) {
    if (key === 'Projects') continue;
    if (!projects && suggestionFor(key, ['Projects'])) {
      const message = `The key ${quoted(key)} is not known. Did you mean "Projects"?`;
      diagnostics.push({ severity: 'error', code: 'unknown-key', offset, message });
      return none;
    }
    const message = `The key ${quoted(key)} is not known beside "Projects", and is ignored. Take it out.`;
    diagnostics.push({ severity: 'warning', code: 'unknown-key', offset, message });
  }
  if (!projects) {
    refuse(content.offset, missing);
    return none;
  }
  if (projects.value.kind !== 'list' || projects.value.items.length === 0) {
    refuse(projects.offset, '"Projects" is a list of at least one image. Remove a file that has none.');
    return none;
  }
  const mappings = projects.value.items.flatMap((item) => {
    if (item.kind === 'mapping') return [item];
    refuse(item.offset, 'An entry of "Projects" is a mapping with app-id, job-id and so on.');
    return [];
  });
  return { mappings, diagnostics };
}
