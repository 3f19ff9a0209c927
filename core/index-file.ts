import { cyclesAmong } from './index-cycles.ts';
import { readEntries } from './index-entries.ts';
import type { Finding } from './index-entry-check.ts';
import type { IndexPosition, IndexProblem } from './index-problem.ts';
import type { EntryOptions } from './index-project.ts';
import { readYaml, type YamlFile } from './index-yaml.ts';
import { ownParent } from './own-parent.ts';
import type { Project } from './project.ts';

export type { IndexProblem };

export interface IndexFile {
  path: string;
  text: string;
}

/** What the files of an index say. `brokenFiles` could not be read whole: their projects stay as they are known. */
export interface Index {
  projects: Project[];
  problems: IndexProblem[];
  brokenFiles: Set<string>;
  /** Where the entry of each project begins, by the project's name. */
  positions: Map<string, IndexPosition>;
}

const mostProblemsOfFile = 200;

/** Whether a path in the index repository is that of a file with entries. CCCP's template lies beside them. */
export function isIndexFile(path: string): boolean {
  return /^index\.d\/[^/]+\.ya?ml$/.test(path) && !/^index\.d\/index_template\./.test(path);
}

/**
 * Reads every file; a broken file or entry is reported and stops nothing else. Other files than `index.d/*.yml|yaml` are passed over.
 * An entry is in force if a project can be made of it, whatever else is reported of it.
 */
export function readIndex(files: IndexFile[], options: Partial<EntryOptions> = {}): Index {
  const { now = new Date(), allowedHosts = [] } = options;
  const index: Index = { projects: [], problems: [], brokenFiles: new Set(), positions: new Map() };
  const parentsAt = new Map<string, IndexPosition>();
  for (const { path, text } of files) {
    if (!isIndexFile(path)) continue;
    const yaml = readYaml(text);
    const { entries, findings, isWhole } = readEntries(yaml, path, { now, allowedHosts });
    if (!isWhole) index.brokenFiles.add(path);
    for (const { project, shown, offset, parentsOffset } of entries) {
      const first = index.positions.get(project.name);
      if (first) {
        index.brokenFiles.add(path);
        const message = `Another entry has this name already: ${first.file}, line ${first.line}. Give one of the two another job-id or desired-tag.`;
        findings.push({ severity: 'error', code: 'duplicate-name', offset, entry: shown, message });
        continue;
      }
      index.projects.push(project);
      index.positions.set(project.name, { file: path, ...yaml.positionOf(offset) });
      parentsAt.set(project.name, { file: path, ...yaml.positionOf(parentsOffset) });
    }
    report(path, yaml, findings, index.problems);
  }
  nameParents(index);
  dropCycles(index, parentsAt);
  markSharedRepositories(index.projects);
  keepVersionTagsApart(index);
  return index;
}

function report(file: string, { positionOf }: YamlFile, findings: Finding[], problems: IndexProblem[]): void {
  findings.sort((one, other) => one.offset - other.offset);
  const [shown, left] = [findings.slice(0, mostProblemsOfFile), findings.slice(mostProblemsOfFile)];
  for (const { offset, ...finding } of shown) problems.push({ file, ...positionOf(offset), ...finding });
  if (left.length === 0) return;
  const severity = left.some((finding) => finding.severity === 'error') ? 'error' : 'warning';
  const message = `The file has ${left.length} more problems. Mend the first ones, and they are told.`;
  problems.push({ file, line: 1, column: 1, severity, code: 'too-many', message });
}

/** `postgres:9` is the entry `library/postgres:9` if there is one, and an image from outside otherwise. */
function nameParents({ projects, positions }: Index): void {
  for (const project of projects) {
    project.dependsOn = project.dependsOn.flatMap((parent) => {
      const own = ownParent(parent);
      if (own === undefined || !positions.has(own)) return [parent];
      // The real index has an entry that names itself.
      return own === project.name ? [] : [own];
    });
  }
}

/** What depends on itself by way of others has no order to be built in. */
function dropCycles(index: Index, parentsAt: Map<string, IndexPosition>): void {
  const inCycle = new Set<string>();
  for (const { path, members } of cyclesAmong(index.projects)) {
    const [entry = ''] = path;
    const position = parentsAt.get(entry);
    if (position) {
      const message = `The entry depends on itself: ${inWords(path, index.positions)}. Take one of these out of a "depends-on".`;
      index.problems.push({ ...position, severity: 'error', code: 'cycle', entry, message });
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

function inWords(path: string[], positions: Index['positions']): string {
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

/** Of entries that release to one repository only one can have the tags of its versions. */
function keepVersionTagsApart({ projects, positions, problems }: Index): void {
  const first = new Map<string, string>();
  for (const project of projects.filter(({ versionTags, sharesRepository }) => versionTags && sharesRepository)) {
    const { appId, jobId, name } = project;
    const other = first.get(`${appId}/${jobId}`);
    const position = positions.get(name);
    if (other === undefined) first.set(`${appId}/${jobId}`, name);
    else if (position) {
      project.versionTags = false;
      const message = `"version-tags": ${other} releases the versions of ${appId}/${jobId} already. Take the key out of one of the two.`;
      problems.push({ ...position, severity: 'error', code: 'value', entry: name, message });
    }
  }
}
