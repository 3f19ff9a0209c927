import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { z } from 'zod';
import { InvalidInputError } from './errors.ts';
import { type Project, projectNameSchema } from './project.ts';
import { sourceOf } from './source.ts';

/** Something in an index file that keeps an entry, or the whole file, from being used. Lines and columns count from 1. */
export interface IndexProblem {
  file: string;
  line: number;
  column: number;
  /** `app/job:tag`, or what of it is known. */
  entry?: string;
  message: string;
}

export interface IndexFile {
  path: string;
  text: string;
}

/** What the files of an index say. `brokenFiles` could not be read whole: their projects stay as they are known. */
export interface Index {
  projects: Project[];
  problems: IndexProblem[];
  brokenFiles: Set<string>;
}

const maximumFileBytes = 1_000_000;
/** What an entry says must fit into a record and into the index that it is found by, so that no entry can keep the others out. */
const longestValue = 500;
const longestId = 80;
const mostListed = 50;
const addressSchema = z.email();
const requiredKeys = ['app-id', 'job-id', 'git-url', 'git-path', 'target-file', 'desired-tag', 'notify-email'] as const;

/** Reads every file; a broken file or entry is reported and stops nothing else. Files other than `index.d/*.yml|yaml` are passed over. */
export function readIndex(files: IndexFile[]): Index {
  const index: Index = { projects: [], problems: [], brokenFiles: new Set() };
  for (const file of files) {
    if (!/^index\.d\/[^/]+\.ya?ml$/.test(file.path) || /^index\.d\/index_template\./.test(file.path)) continue;
    const before = index.problems.length;
    readFile(file, index);
    if (index.problems.length > before) index.brokenFiles.add(file.path);
  }
  dropDuplicates(index);
  markSharedRepositories(index.projects);
  return index;
}

function readFile(file: IndexFile, index: Index): void {
  const report = (message: string, line = 1, column = 1, entry?: string) =>
    index.problems.push({ file: file.path, line, column, message, ...(entry ? { entry } : {}) });
  if (Buffer.byteLength(file.text) > maximumFileBytes) {
    report(`The file is larger than ${maximumFileBytes / 1e6} MB. Split it: one file for each app-id.`);
    return;
  }
  const lines = new LineCounter();
  // The failsafe schema keeps every scalar the text that was written: the tag 3.10 must not become 3.1.
  const document = parseDocument(file.text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    report(`This is no valid YAML: ${error.message}`, line, col);
  }
  if (document.errors.length > 0) return;
  const projects = isMap(document.contents) ? document.contents.get('Projects', true) : undefined;
  if (!isSeq(projects)) {
    report('The file has no list "Projects". Start it with "Projects:" and one "- id: …" for each image.');
    return;
  }
  for (const item of projects.items) {
    const { line, col } = lines.linePos((item as Node).range?.[0] ?? 0);
    if (!isMap(item)) {
      report('An entry of "Projects" is a mapping with app-id, job-id and so on.', line, col);
      continue;
    }
    const entry = `${shown(item, 'app-id')}/${shown(item, 'job-id')}:${shown(item, 'desired-tag')}`;
    try {
      index.projects.push(readEntry(item, file.path));
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      report(error.message, line, col, entry);
    }
  }
}

function readEntry(entry: YAMLMap, file: string): Project {
  for (const key of requiredKeys) {
    if (key !== 'notify-email' && !text(entry, key))
      throw new InvalidInputError(`The key "${key}" is missing or empty.`);
  }
  const value = (key: (typeof requiredKeys)[number]) => text(entry, key) ?? '';
  const appId = value('app-id').toLowerCase();
  const jobId = value('job-id').toLowerCase();
  if (appId === 'candidate')
    throw new InvalidInputError('The app-id "candidate" is taken by images that wait for a verdict.');
  for (const [key, id] of Object.entries({ 'app-id': appId, 'job-id': jobId })) {
    if (id.length < 2 || id.length > longestId)
      throw new InvalidInputError(`"${key}" has ${id.length} characters; it must have 2 to ${longestId}.`);
  }
  const name = `${appId}/${jobId}:${value('desired-tag')}`;
  if (!projectNameSchema.safeParse(name).success) {
    throw new InvalidInputError(
      `"${name}" is no image name. app-id and job-id have letters and digits, with single "-", "_" and "." between them; a tag has at most 128 of all these.`,
    );
  }
  const gitUrl = value('git-url');
  if (!/^(https?|git):\/\/[^@\s]+$/.test(gitUrl)) {
    throw new InvalidInputError('"git-url" is a https:// address without user name or password.');
  }
  const gitBranch = text(entry, 'git-branch') ?? 'master';
  if (/^-|[\s~^:?*[\\\p{Cc}]|\.\.|@\{/u.test(gitBranch))
    throw new InvalidInputError(`"${gitBranch}" is no branch name.`);
  const folder = inside(value('git-path'), 'git-path');
  const notifyEmail = texts(entry, 'notify-email')
    .flatMap((addresses) => addresses.split(/[\s,;]+/))
    .filter(Boolean);
  const refused = notifyEmail.find((address) => !addressSchema.safeParse(address).success);
  if (notifyEmail.length === 0 || refused !== undefined) {
    throw new InvalidInputError(`"notify-email" has no valid address${refused ? `: ${refused}` : ''}.`);
  }
  return {
    name,
    appId,
    jobId,
    desiredTag: value('desired-tag'),
    gitUrl,
    gitBranch,
    source: sourceOf(gitUrl),
    dockerfile: inside(`${folder}/${value('target-file')}`, 'target-file'),
    context: inside(`${folder}/${text(entry, 'build-context') ?? '.'}`, 'build-context'),
    notifyEmail,
    dependsOn: texts(entry, 'depends-on').filter((parent) => parent !== name),
    file,
    sharesRepository: false,
    active: true,
  };
}

/** A value for the report of a problem, whatever is wrong with it. */
function shown(entry: YAMLMap, key: string): string {
  const node = entry.get(key, true);
  return isScalar(node) && typeof node.value === 'string' ? node.value.trim().slice(0, longestId) || '?' : '?';
}

/** A path from the repository's root; the real index has absolute paths, trailing slashes and contexts like `../../`. */
function inside(path: string, key: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (/\p{Cc}/u.test(part)) throw new InvalidInputError(`"${key}" has a control character.`);
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw new InvalidInputError(`"${key}" leaves the repository: ${path}`);
  }
  return parts.join('/') || '.';
}

function text(entry: YAMLMap, key: string): string | undefined {
  const node = entry.get(key, true);
  if (!isScalar(node) || typeof node.value !== 'string') return undefined;
  const value = node.value.trim();
  if (value.length > longestValue) throw new InvalidInputError(`"${key}" is longer than ${longestValue} characters.`);
  return value === '' || value === '~' || value === 'null' ? undefined : value;
}

/** A key that is a text, a list of texts, or nothing. */
function texts(entry: YAMLMap, key: string): string[] {
  const node = entry.get(key, true);
  if (!isSeq(node)) return [text(entry, key) ?? []].flat();
  if (node.items.length > mostListed) throw new InvalidInputError(`"${key}" lists more than ${mostListed}.`);
  return node.items.flatMap((item) =>
    isScalar(item) && typeof item.value === 'string' ? [item.value.trim().slice(0, longestValue)] : [],
  );
}

function dropDuplicates(index: Index): void {
  const files = new Map<string, string>();
  index.projects = index.projects.filter((project) => {
    const first = files.get(project.name);
    if (first === undefined) {
      files.set(project.name, project.file);
      return true;
    }
    index.problems.push({
      file: project.file,
      line: 1,
      column: 1,
      entry: project.name,
      message: `Another entry has this name already (${first}). Give one of them another job-id or desired-tag.`,
    });
    return false;
  });
}

function markSharedRepositories(projects: Project[]): void {
  const counts = Map.groupBy(projects, ({ appId, jobId }) => `${appId}/${jobId}`);
  for (const project of projects)
    project.sharesRepository = (counts.get(`${project.appId}/${project.jobId}`)?.length ?? 0) > 1;
}
