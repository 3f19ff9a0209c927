import type { Project } from '../model/project.ts';
import { code, codes, shortened } from '../text/markdown.ts';
import { addedDestinations, addedRecipients, addedTargets } from './additions.ts';
import type { IndexChange } from './change.ts';
import { differences } from './differences.ts';
import { changedContent } from './image-content.ts';
import { policyChanges } from './rule-changes.ts';
import { type SourceFacts, sourceWarnings } from './source-facts.ts';

const mostProjects = 50;

export interface MergePlanInput {
  change: IndexChange;
  /** By name, of the projects that were checked. */
  facts: ReadonlyMap<string, SourceFacts>;
  /** By name, the dependents of each project that is changed or removed. */
  dependents: ReadonlyMap<string, readonly string[]>;
  /** Names of parents that have yet to be released. */
  unreleased: ReadonlySet<string>;
}

/** What the merge of a pull request of the index will do, in Markdown. */
export function mergePlan(input: MergePlanInput): string[] {
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
  section('Where releases will be deployed, if operators allow it for the app-id', addedTargets(input.change));
  section('Registries that releases will be copied to, under these names', addedDestinations(input.change));
  section(
    'Removed: built no more; the images stay',
    removed.map(({ name }) => {
      const dependents = input.dependents.get(name) ?? [];
      return `- ${code(name)}${dependents.length > 0 ? `; **still depending on it:** ${codes(dependents)}` : ''}`;
    }),
  );
  return lines.length > 0 ? lines : ['', 'It changes nothing that is built.'];
}

/** One project that the merge will build, with what is known about its source. */
function built(
  project: Project,
  wanted: ReadonlySet<string>,
  input: MergePlanInput,
  changedKeys: readonly string[] = [],
): string {
  const { name, gitBranch, gitUrl, dependsOn, buildSecrets } = project;
  const facts = input.facts.get(name);
  const at =
    facts && typeof facts.branch === 'object' && 'commit' in facts.branch
      ? ` at ${code(facts.branch.commit.slice(0, 12))}`
      : '';
  const details = [
    ...(changedKeys.length > 0 ? [`changed: ${changedKeys.join(', ')}`] : []),
    ...(input.change.added.includes(project) ? takenOver(project) : []),
    ...(facts ? sourceWarnings(facts).map((warning) => `⚠️ ${warning}`) : []),
    ...(facts?.dockerfile ? [`${code(project.dockerfile)} found`] : []),
    ...(facts && facts.dockerfile === undefined && at !== '' ? [`${code(project.dockerfile)} not checked`] : []),
    ...(facts && facts.missingSecrets === undefined && buildSecrets
      ? [
          `whether its ${code('build-secrets')} are stored was not looked up: that is done for branches of the index only`,
        ]
      : []),
    ...parents(dependsOn, wanted, input),
    ...rebuilt(input.dependents.get(name) ?? []),
  ];
  return [
    `- ${code(name)} from ${code(gitBranch)} of ${code(gitUrl)}${at}`,
    ...details.map((detail) => `  - ${detail}`),
  ].join('\n');
}

/** A base image without a registry is looked up among the releases first: an entry can replace an image of Docker Hub for everybody. */
function takenOver({ appId, jobId, desiredTag }: Project): string[] {
  if (appId !== 'library') return [];
  const from = code(`FROM ${jobId}:${desiredTag}`);
  return [
    `⚠️ **It takes over a well-known name:** from its release on, ${from} means this image for every project, and no longer Docker's official image ${code(jobId)}.`,
  ];
}

function parents(dependsOn: readonly string[], wanted: ReadonlySet<string>, { unreleased }: MergePlanInput): string[] {
  const first = dependsOn.filter((name) => wanted.has(name) || unreleased.has(name));
  const rest = dependsOn.filter((name) => !first.includes(name));
  return [
    ...(first.length > 0 ? [`built after ${codes(first)}`] : []),
    ...(rest.length > 0 ? [`depends on ${codes(rest)}`] : []),
  ];
}

function rebuilt(dependents: readonly string[]): string[] {
  return dependents.length > 0 ? [`rebuilt after its release: ${codes(dependents)}`] : [];
}
