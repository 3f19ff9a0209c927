import type { Platform } from '../model/platform.ts';
import type { OwnPolicy } from '../model/policy.ts';
import type { Project } from '../model/project.ts';
import { ownParent } from '../model/project-name.ts';
import { cyclesAmong } from './cycles.ts';
import { type Defaults, defaultsFile, readDefaultsFile } from './defaults-file.ts';
import { keepDestinationsApart } from './destination-conflicts.ts';
import { destinationsFile, readDestinationsFile } from './destinations-file.ts';
import type { Diagnostic, FileDiagnostic, IndexPosition } from './diagnostic.ts';
import { readEntries } from './entries.ts';
import { mergeVex } from './merge-vex.ts';
import { warnOfParentPlatforms } from './parent-platforms.ts';
import { policyFile, readPolicyFile } from './policy-file.ts';
import type { EntryOptions } from './read-entry.ts';
import { isVexFile, readVex, type VexDocument } from './read-vex.ts';
import { keepPrivateApart } from './visibility-conflicts.ts';
import { readYaml, type YamlFile } from './yaml.ts';

export type { Diagnostic };

export interface IndexFile {
  path: string;
  text: string;
}

/**
 * The content of an index. `brokenFiles` could not be read completely: their projects stay as they were known. If the policy file or a VEX
 * document is among them, all projects keep their policy or statements.
 */
export interface Index {
  projects: Project[];
  /** Of the whole index; the policies of the projects already include it. */
  policy?: OwnPolicy | undefined;
  diagnostics: Diagnostic[];
  brokenFiles: Set<string>;
  /** Where the entry of each project begins, by the project's name. */
  positions: Map<string, IndexPosition>;
}

const mostDiagnosticsOfFile = 200;
/** Of all documents: each may take a second to read, and a planner has a minute. */
const mostDocuments = 500;
const largestDocuments = 10_000_000;

/** Whether a path in the index repository belongs to the index. */
export function isOfIndex(path: string): boolean {
  return [isIndexFile, isPolicyFile, isDefaultsFile, isDestinationsFile, isVexFile].some((isIt) => isIt(path));
}

/** Any file that looks like the policy is read, so that one with another extension is not ignored silently. */
export function isPolicyFile(path: string): boolean {
  return /^policy\.ya?ml$/.test(path);
}

/** The same for the file with the defaults of all projects. */
export function isDefaultsFile(path: string): boolean {
  return /^defaults\.ya?ml$/.test(path);
}

/** The same for the file with the destinations of all projects. */
export function isDestinationsFile(path: string): boolean {
  return /^destinations\.ya?ml$/.test(path);
}

/** Whether a path in the index repository is that of a file with entries. CCCP's template is in the same folder. */
export function isIndexFile(path: string): boolean {
  return /^index\.d\/[^/]+\.ya?ml$/.test(path) && !/^index\.d\/index_template\./.test(path);
}

/** How many mail addresses an entry may have, unless the operators set another number. */
export const usualRecipients = 5;

export type ReadOptions = Pick<EntryOptions, 'now'> &
  Partial<Pick<EntryOptions, 'allowedHosts' | 'gitHosts' | 'mostRecipients'>> & {
    /** The pipeline's own platform, where it is known. */
    platform?: Platform | undefined;
  };

/**
 * Reads every file; a broken file or entry is reported and stops nothing else. Files that are not `isOfIndex` are ignored. An entry is used
 * if a project can be made of it, whatever else is reported of it.
 */
export function readIndex(
  files: IndexFile[],
  { now, allowedHosts = [], gitHosts = [], mostRecipients = usualRecipients, platform }: ReadOptions,
): Index {
  const options = { now, allowedHosts, gitHosts, mostRecipients };
  const index: Index = { projects: [], diagnostics: [], brokenFiles: new Set(), positions: new Map() };
  const parentsAt = new Map<string, IndexPosition>();
  const policy = readCommonFile(files, index, commonPolicy);
  if (policy) index.policy = policy;
  const defaults = readCommonFile(files, index, commonDefaults);
  for (const { path, text } of files) {
    if (!isIndexFile(path)) continue;
    const yaml = readYaml(text);
    const { entries, diagnostics, isWhole } = readEntries(yaml, path, { ...options, policy, defaults });
    if (!isWhole) index.brokenFiles.add(path);
    for (const { project, shown, offset, parentsOffset } of entries) {
      const first = index.positions.get(project.name);
      if (first) {
        index.brokenFiles.add(path);
        const message = `Another entry has this name already: ${first.file}, line ${first.line}. Give one of the two another job-id or desired-tag.`;
        diagnostics.push({ severity: 'error', code: 'duplicate-name', offset, entry: shown, message });
        continue;
      }
      index.projects.push(project);
      index.positions.set(project.name, { file: path, ...yaml.positionOf(offset) });
      parentsAt.set(project.name, { file: path, ...yaml.positionOf(parentsOffset) });
    }
    report(path, yaml, diagnostics, index.diagnostics);
  }
  nameParents(index);
  dropCycles(index, parentsAt);
  keepPrivateApart(index);
  warnOfParentPlatforms(index, { parentsAt, own: platform });
  markSharedRepositories(index.projects);
  keepVersionTagsApart(index);
  addDestinations(index.projects, readCommonFile(files, index, commonDestinations) ?? []);
  keepDestinationsApart(index);
  readDocuments(files, index, now);
  return index;
}

/** A file for all entries, of which there is one. */
interface CommonFile<Value> {
  name: string;
  isIt: (path: string) => boolean;
  read: (yaml: YamlFile) => { value?: Value; diagnostics: FileDiagnostic[] };
  /** The message about a file with another name. */
  misnamed: string;
  /** The end of the message about an error: what is used until it is fixed. */
  meanwhile: string;
}

const commonPolicy: CommonFile<OwnPolicy> = {
  name: policyFile,
  isIt: isPolicyFile,
  read: readPolicyFile,
  misnamed: `The policy of the index belongs in ${policyFile}. Give the file that name.`,
  meanwhile: 'Until the policy can be read, every project keeps the one that it has, and new entries wait.',
};

const commonDefaults: CommonFile<Defaults> = {
  name: defaultsFile,
  isIt: isDefaultsFile,
  read: readDefaultsFile,
  misnamed: `The defaults of the index belong in ${defaultsFile}. Give the file that name.`,
  meanwhile:
    'Until the file can be read, every project keeps the arguments and labels that it has, and new entries wait.',
};

const commonDestinations: CommonFile<string[]> = {
  name: destinationsFile,
  isIt: isDestinationsFile,
  read: readDestinationsFile,
  misnamed: `The destinations of the index belong in ${destinationsFile}. Give the file that name.`,
  meanwhile: 'Until the file can be read, every project keeps the destinations that it has.',
};

/** Its content; undefined if there is none, or it has an error. */
function readCommonFile<Value>(
  files: IndexFile[],
  index: Index,
  { name, isIt, read, misnamed, meanwhile }: CommonFile<Value>,
): Value | undefined {
  let known: Value | undefined;
  for (const { path, text } of files) {
    if (!isIt(path)) continue;
    const yaml = readYaml(text);
    const { value, diagnostics } = read(yaml);
    if (path !== name) diagnostics.push({ severity: 'error', code: 'file-name', offset: 0, message: misnamed });
    const [first] = diagnostics;
    if (first) {
      first.message += ` ${meanwhile}`;
      index.brokenFiles.add(path);
    } else known = value;
    report(path, yaml, diagnostics, index.diagnostics);
  }
  return known;
}

/** Every project gets the destinations of the whole index beside its own. */
function addDestinations(projects: Project[], common: readonly string[]): void {
  if (common.length === 0) return;
  for (const project of projects) project.destinations = [...(project.destinations ?? []), ...common];
}

function readDocuments(files: IndexFile[], index: Index, now: Date): void {
  const documents = new Map<string, VexDocument>();
  let size = 0;
  for (const { path, text } of files) {
    if (!isVexFile(path)) continue;
    size += text.length;
    if (documents.size === mostDocuments || size > largestDocuments) {
      const message = `There are more than ${mostDocuments} documents, or ${largestDocuments / 1e6} MB of them. Take out what has ended.`;
      index.diagnostics.push({ file: path, line: 1, column: 1, severity: 'error', code: 'too-large', message });
      index.brokenFiles.add(path);
      break;
    }
    const document = readVex(path, text, now);
    documents.set(path, document);
    if (document.isBroken) index.brokenFiles.add(path);
  }
  const byPath = mergeVex(documents, index.projects);
  for (const [path, { diagnostics, positionOf, isBroken }] of documents) {
    const [first] = diagnostics;
    if (isBroken && first) {
      first.message += ' Until the documents can be read, every project keeps the statements that it has.';
    }
    report(path, { positionOf }, [...diagnostics, ...(byPath.get(path) ?? [])], index.diagnostics);
  }
}

function report(
  file: string,
  { positionOf }: Pick<YamlFile, 'positionOf'>,
  found: FileDiagnostic[],
  diagnostics: Diagnostic[],
): void {
  found.sort((one, other) => one.offset - other.offset);
  const [shown, left] = [found.slice(0, mostDiagnosticsOfFile), found.slice(mostDiagnosticsOfFile)];
  for (const { offset, ...rest } of shown) diagnostics.push({ file, ...positionOf(offset), ...rest });
  if (left.length === 0) return;
  const severity = left.some((each) => each.severity === 'error') ? 'error' : 'warning';
  const message = `The file has ${left.length} more errors or warnings. Fix the first ones to see the rest.`;
  diagnostics.push({ file, line: 1, column: 1, severity, code: 'too-many', message });
}

/** `postgres:9` is the entry `library/postgres:9` if there is one, and an image from outside otherwise. */
function nameParents({ projects, positions }: Index): void {
  for (const project of projects) {
    project.dependsOn = project.dependsOn.flatMap((parent) => {
      const own = ownParent(parent);
      if (own === undefined || !positions.has(own)) return [parent];
      // The index of CentOS has an entry that names itself.
      return own === project.name ? [] : [own];
    });
  }
}

/** Removes entries that depend on themselves through others: there is no order to build them in. */
function dropCycles(index: Index, parentsAt: Map<string, IndexPosition>): void {
  const inCycle = new Set<string>();
  for (const { path, members } of cyclesAmong(index.projects)) {
    const [entry = ''] = path;
    const position = parentsAt.get(entry);
    if (position) {
      const message = `The entry depends on itself: ${describePath(path, index.positions)}. Take one of these out of a "depends-on".`;
      index.diagnostics.push({ ...position, severity: 'error', code: 'cycle', entry, message });
    }
    for (const { name, file } of members) {
      inCycle.add(name);
      index.brokenFiles.add(file);
    }
  }
  if (inCycle.size === 0) return;
  index.projects = index.projects.filter(({ name }) => !inCycle.has(name));
  for (const name of inCycle) index.positions.delete(name);
}

function describePath(path: string[], positions: Index['positions']): string {
  const words = path.map((name, at) => {
    const position = positions.get(name);
    return at === 0 || at === path.length - 1 || !position ? name : `${name} (${position.file}:${position.line})`;
  });
  return (words.length > 10 ? [...words.slice(0, 8), '…', ...words.slice(-1)] : words).join(' → ');
}

function markSharedRepositories(projects: Project[]): void {
  const repository = ({ appId, jobId }: Project) => `${appId}/${jobId}`;
  const counts = new Map<string, number>();
  for (const project of projects) counts.set(repository(project), (counts.get(repository(project)) ?? 0) + 1);
  for (const project of projects) project.sharesRepository = (counts.get(repository(project)) ?? 0) > 1;
}

/** Only one of the entries that release to one repository can release version tags. */
function keepVersionTagsApart({ projects, positions, diagnostics }: Index): void {
  const first = new Map<string, string>();
  for (const project of projects.filter(({ versionTags, sharesRepository }) => versionTags && sharesRepository)) {
    const { appId, jobId, name } = project;
    const other = first.get(`${appId}/${jobId}`);
    const position = positions.get(name);
    if (other === undefined) first.set(`${appId}/${jobId}`, name);
    else if (position) {
      project.versionTags = false;
      const message = `"version-tags": ${other} releases the versions of ${appId}/${jobId} already. Remove the key from one of the two.`;
      diagnostics.push({ ...position, severity: 'error', code: 'value', entry: name, message });
    }
  }
}
