import { destinationsOf } from '../destinations/destination.ts';
import type { DeployTarget } from '../model/deploy-target.ts';
import type { Project } from '../model/project.ts';
import { isSame } from '../policy/project-rules.ts';
import { filesAt, type SourceAddress } from '../sources/source-pages.ts';
import { code, link, shortened } from '../text/markdown.ts';
import { commentMark } from '../triggers/approved.ts';
import type { IndexChange } from './change.ts';
import { changedContent } from './image-content.ts';
import type { Diagnostic } from './read-index.ts';
import { exceptionChanges, policyChanges } from './rule-changes.ts';

/** What is known about the source of a project that the merge will build. */
export interface SourceFacts {
  /** The head of the branch; `absent` where there is none, `unknown` where the host did not answer. */
  branch: { commit: string } | 'absent' | { unknown: string };
  /** Whether the Dockerfile exists; undefined where that was not checked. */
  dockerfile?: boolean;
  /** The job-id of the repository's cccp.yml, if it differs from the entry's. */
  otherJobId?: string | undefined;
}

export interface IndexReportInput {
  change: IndexChange;
  /** By name, of the projects that were checked. */
  facts: ReadonlyMap<string, SourceFacts>;
  /** By name, the dependents of each project that is changed or removed. */
  below: ReadonlyMap<string, readonly string[]>;
  /** Names of parents that have yet to be released. */
  unreleased: ReadonlySet<string>;
  /** Where the repository's pages are, and the commit that was checked. */
  repository: SourceAddress;
  commit: string;
}

export const indexReportMark = `${commentMark} index -->`;
/** GitHub takes 65,536 characters. https://github.com/orgs/community/discussions/41331 */
const longestComment = 65_000;
const mostDiagnostics = 100;
const fewDiagnostics = 20;
const mostProjects = 50;
const mostNames = 20;

/** The comment on a pull request of the index: its errors and warnings, and what the merge will do. */
export function indexReport(input: IndexReportInput): string {
  const { change, commit } = input;
  const { errors, warnings, older } = change;
  const listOf = (list: Diagnostic[], most: number) =>
    shortened(
      list.map((diagnostic) => diagnosticLine(diagnostic, input)),
      most,
    );
  const lines = [
    indexReportMark,
    `### ${errors.length > 0 ? `The index cannot be merged like this: ${count(errors.length, 'error')}` : titleOf(change)}`,
    '',
    ...listOf(errors, mostDiagnostics),
    ...(warnings.length > 0 ? ['', `**${count(warnings.length, 'warning')}**`, ''] : []),
    ...listOf(warnings, fewDiagnostics),
    ...(errors.length > 0 ? ['', 'With the errors put right, the merge will do at least this:'] : []),
    ...plan(input),
    ...(older.length > 0
      ? ['', '**Errors that were there before, and do not count against this pull request**', '']
      : []),
    ...listOf(older, fewDiagnostics),
    '',
    `<sub>Checked at ${code(commit.slice(0, 12))}. Nothing of it was built or run.</sub>`,
  ];
  return cut(lines);
}

/** The one line of the commit status. */
export function indexStatus({ change, facts }: Pick<IndexReportInput, 'change' | 'facts'>): {
  state: 'success' | 'failure';
  description: string;
} {
  const { errors } = change;
  const [first] = errors;
  if (first) {
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    return { state: 'failure', description: shortDescription(`${first.file}:${first.line} ${first.message}`, more) };
  }
  const warnings = [...facts.values()].filter((fact) => warningsOf(fact).length > 0).length;
  const warned = warnings > 0 ? `, ${count(warnings, 'project')} with warnings` : '';
  return { state: 'success', description: `${titleOf(change)}${warned}` };
}

/** GitHub takes 140 characters. */
function shortDescription(text: string, end: string): string {
  const room = 140 - end.length;
  const line = text.replaceAll(/\s+/g, ' ');
  return `${line.length > room ? `${line.slice(0, room - 1)}…` : line}${end}`;
}

function titleOf({ added, changed, removed }: IndexChange): string {
  if (added.length + changed.length + removed.length === 0) return 'No project is touched';
  const builds = added.length + changed.filter(({ isBuilt }) => isBuilt).length;
  return [
    ...(added.length > 0 ? [`${count(added.length, 'project')} added`] : []),
    ...(changed.length > 0 ? [`${count(changed.length, 'project')} changed`] : []),
    ...(removed.length > 0 ? [`${count(removed.length, 'project')} removed`] : []),
    builds === 0 ? 'no builds' : count(builds, 'build'),
  ].join(', ');
}

function plan(input: IndexReportInput): string[] {
  const { added, changed, removed, policy } = input.change;
  const names = new Set([...added, ...changed.map(({ after }) => after)].map(({ name }) => name));
  const lines: string[] = [];
  const section = (title: string, items: string[]) => {
    if (items.length > 0) lines.push('', `**${title}**`, '', ...shortened(items, mostProjects));
  };
  section('The policy of the whole index', policy ? policyChanges(policy).map((line) => `- ${line}`) : []);
  section(
    'Added, and built',
    added.map((project) => built(project, names, input)),
  );
  section(
    'Changed, and built again',
    changed
      .filter(({ isBuilt }) => isBuilt)
      .map(({ before, after }) => built(after, names, input, changedContent(before, after))),
  );
  section(
    'Changed, and not built again',
    changed
      .filter(({ isBuilt }) => !isBuilt)
      .map(({ before, after }) => `- ${code(after.name)}: ${differences(before, after)}`),
  );
  section(
    'Addresses that are added; each gets mails once its owner agrees, where that is asked',
    addedRecipients(input.change),
  );
  section('Where releases will be deployed', addedTargets(input.change));
  section('Registries that releases will be copied to, under these names', addedDestinations(input.change));
  section(
    'Removed: built no more; the images stay',
    removed.map(({ name }) => {
      const below = input.below.get(name) ?? [];
      return `- ${code(name)}${below.length > 0 ? `; **still depending on it:** ${listed(below)}` : ''}`;
    }),
  );
  return lines.length > 0 ? lines : ['', 'It changes nothing that is built.'];
}

/** One project that the merge will build, with what is known about its source. */
function built(
  project: Project,
  wanted: ReadonlySet<string>,
  input: IndexReportInput,
  changedKeys: readonly string[] = [],
): string {
  const { name, gitBranch, gitUrl, dependsOn } = project;
  const facts = input.facts.get(name);
  const at =
    facts && typeof facts.branch === 'object' && 'commit' in facts.branch
      ? ` at ${code(facts.branch.commit.slice(0, 12))}`
      : '';
  const details = [
    ...(changedKeys.length > 0 ? [`changed: ${changedKeys.join(', ')}`] : []),
    ...(input.change.added.includes(project) ? takenOver(project) : []),
    ...(facts ? warningsOf(facts).map((warning) => `⚠️ ${warning}`) : []),
    ...(facts?.dockerfile ? [`${code(project.dockerfile)} found`] : []),
    ...(facts && facts.dockerfile === undefined && at !== '' ? [`${code(project.dockerfile)} not checked`] : []),
    ...parents(dependsOn, wanted, input),
    ...below(input.below.get(name) ?? []),
  ];
  return [
    `- ${code(name)} from ${code(gitBranch)} of ${code(gitUrl)}${at}`,
    ...details.map((detail) => `  - ${detail}`),
  ].join('\n');
}

/** A line for each address that an entry has and did not have before. */
function addedRecipients({ added, changed }: IndexChange): string[] {
  const projects = new Map<string, string[]>();
  for (const [before, after] of [
    ...added.map((project) => [undefined, project] as const),
    ...changed.map(({ before, after }) => [before, after] as const),
  ]) {
    for (const address of after.notifyEmail) {
      if (!before?.notifyEmail.includes(address)) projects.set(address, [...(projects.get(address) ?? []), after.name]);
    }
  }
  return [...projects].map(([address, names]) => `- ${code(address)} for ${listed(names)}`);
}

/** A line for each target that an entry has and did not have like this before. */
function addedTargets({ added, changed }: IndexChange): string[] {
  const pairs = [...added.map((after) => ({ before: undefined, after })), ...changed];
  return pairs.flatMap(({ before, after }) =>
    (after.deploy ?? [])
      .filter((target) => !before?.deploy?.some((each) => isSame(each, target)))
      .map((target) => `- ${code(after.name)}, ${code(target.name)}: ${placeOf(target)}`),
  );
}

function placeOf(target: DeployTarget): string {
  if (target.kind === 'ecs') return `the service ${code(target.service)} of the ECS cluster ${code(target.cluster)}`;
  if (target.kind === 'ssm') return `the container ${code(target.container)} on the servers ${code(target.servers)}`;
  const { path, branch, repository } = target;
  return `${code(path)} in ${branch === undefined ? 'the default branch' : code(branch)} of ${code(repository)}`;
}

/** A line for each destination that an entry has and did not have before: with the credentials of all, it may replace another's image. */
function addedDestinations({ added, changed }: IndexChange): string[] {
  const pairs = [...added.map((after) => ({ before: undefined, after })), ...changed];
  return pairs.flatMap(({ before, after }) => {
    const known = before ? destinationsOf(before) : [];
    return destinationsOf(after)
      .filter((each) => !known.includes(each))
      .map((each) => `- ${code(after.name)}: ${code(each)}`);
  });
}

/** A base image without a registry is looked up among the releases first: an entry can replace an image of Docker Hub for everybody. */
function takenOver({ appId, jobId, desiredTag }: Project): string[] {
  if (appId !== 'library') return [];
  const from = code(`FROM ${jobId}:${desiredTag}`);
  return [
    `⚠️ **It takes over a well-known name:** from its release on, ${from} means this image for every project, and no longer Docker's official image ${code(jobId)}.`,
  ];
}

function warningsOf({ branch, dockerfile, otherJobId }: SourceFacts): string[] {
  return [
    ...(branch === 'absent'
      ? ['The branch was not found, or the repository is not public. It is built when the branch is pushed.']
      : []),
    ...(typeof branch === 'object' && 'unknown' in branch
      ? [`The branch could not be checked: ${code(branch.unknown)}`]
      : []),
    ...(dockerfile === false ? ['The Dockerfile was not found: the build will fail.'] : []),
    ...(otherJobId !== undefined ? [`The repository's cccp.yml has another job-id: ${code(otherJobId)}`] : []),
  ];
}

function parents(
  dependsOn: readonly string[],
  wanted: ReadonlySet<string>,
  { unreleased }: IndexReportInput,
): string[] {
  const first = dependsOn.filter((name) => wanted.has(name) || unreleased.has(name));
  const rest = dependsOn.filter((name) => !first.includes(name));
  return [
    ...(first.length > 0 ? [`built after ${listed(first)}`] : []),
    ...(rest.length > 0 ? [`depends on ${listed(rest)}`] : []),
  ];
}

function below(children: readonly string[]): string[] {
  return children.length > 0 ? [`rebuilt after its release: ${listed(children)}`] : [];
}

const shownKeys: Partial<Record<keyof Project, string>> = {
  buildArgs: 'build-args',
  buildSecrets: 'build-secrets',
  sourceSecret: 'source-secret',
  notifyUrls: 'notify-url',
  notifyEmail: 'notify-email',
  dependsOn: 'depends-on',
  extraTags: 'extra-tags',
  versionTags: 'version-tags',
  pullRequests: 'pull-requests',
  gitUrl: 'git-url',
  vex: 'VEX statements',
  sharesRepository: 'other entries of the same repository',
};

function differences(before: Project, after: Project): string {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Project)[];
  const different = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  return different
    .map((key) => {
      if (key === 'policy')
        return `policy (${policyChanges({ before: before.policy, after: after.policy }).join(', ')})`;
      if (key === 'visibility' && before.visibility === 'private')
        return 'visibility (everybody will see the project, with its earlier builds and their logs)';
      if (key === 'exceptions') return `exceptions (${exceptionChanges(before, after)})`;
      return shownKeys[key] ?? key;
    })
    .join(', ');
}

function diagnosticLine(
  { file, line, column, entry, message }: Diagnostic,
  { repository, commit }: IndexReportInput,
): string {
  const folder = filesAt(repository, commit) ?? repository.url;
  const place = link(`${file}:${line}:${column}`, folder, file, `#L${line}`);
  return `- ${place}${entry === undefined ? '' : ` ${code(entry)}`}: ${code(message, 1000)}`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, mostNames).map((name) => code(name));
  return names.length > mostNames ? `${shown.join(', ')} and ${names.length - mostNames} more` : shown.join(', ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Whole lines only, so that no code or link is left open. The last line stays. */
function cut(lines: string[]): string {
  const whole = lines.join('\n');
  if (whole.length <= longestComment) return whole;
  const last = lines.at(-1) ?? '';
  const end = [
    '',
    '_The rest does not fit into a comment: run `npx slipway index check` for all of it._',
    '',
    last,
  ].join('\n');
  let length = end.length;
  const kept: string[] = [];
  for (const line of lines) {
    length += line.length + 1;
    if (length > longestComment) break;
    kept.push(line);
  }
  return [...kept, end].join('\n');
}
