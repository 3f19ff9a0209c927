import * as z from 'zod';
import { oneLine } from '../text/one-line.ts';

/**
 * The settings of an automated build as Docker Hub's API has them (`/api/build/v1/source/…`), with the rules themselves in place of their
 * addresses. Only what matters here is read; values of environment variables may be secrets, so not even their names are kept.
 */
const ruleSchema = z.object({
  source_type: z.enum(['Branch', 'Tag']),
  /** A name, or a regular expression between slashes. */
  source_name: z.string().min(1),
  /** Tags with commas between them; `{sourceref}` is the name, `{\1}` a group of the expression. */
  tag: z.string().default(''),
  dockerfile: z.string().nullish(),
  build_context: z.string().nullish(),
  autobuild: z.boolean().default(true),
  nocache: z.boolean().default(false),
});

export const dockerHubSchema = z.object({
  image: z.string().regex(/^[^/\s]+\/[^/\s]+$/),
  provider: z.string().default('Github'),
  owner: z.string().min(1),
  repository: z.string().min(1),
  autotests: z.string().default('OFF'),
  repo_links: z.boolean().default(false),
  envvars: z.array(z.unknown()).default([]),
  build_settings: z.array(ruleSchema),
});

export type DockerHubBuild = z.infer<typeof dockerHubSchema>;
type Rule = z.infer<typeof ruleSchema>;

/** The keys of an index entry. */
export type ImportedEntry = Record<string, string | number | boolean | string[] | null>;

export interface Import {
  entries: ImportedEntry[];
  /** Rules without an entry: one sentence each. */
  left: string[];
  /** What is different for the entries; one sentence each. */
  notes: string[];
}

const hosts: Record<string, string> = { github: 'https://github.com', bitbucket: 'https://bitbucket.org' };
/** Names of git tags that a rule for versions may want, and the tags that Slipway gives the image of each. */
const sampleVersions = ['v1.2.3', '1.2.3'];
const versionTags = ['1.2.3', '1.2', '1', 'latest'];

/** The index entries that do what the rules of an automated build do, and what has no counterpart. */
export function importDockerHub(build: DockerHubBuild, notifyEmail: string): Import {
  const left: string[] = [];
  const notes = new Set<string>();
  const host = hosts[build.provider.toLowerCase()];
  const [appId = '', jobId = ''] = build.image.toLowerCase().split('/');
  if (!host) {
    left.push(`The source is at ${oneLine(build.provider, 40)}: write the address of its repository into "git-url".`);
    return { entries: [], left, notes: [] };
  }

  const rules = build.build_settings.filter((rule) => {
    if (rule.autobuild) return true;
    left.push(`${describe(rule)}: its autobuild is off, so that it releases nothing.`);
    return false;
  });
  const entries = new Map<string, ImportedEntry>();
  for (const rule of rules.filter(({ source_type }) => source_type === 'Branch')) {
    if (patternOf(rule)) {
      left.push(`${describe(rule)}: an entry tracks one branch. Write one for each branch that is built.`);
      continue;
    }
    const tags = tagsOf(rule, rule.source_name, []);
    const known = entries.get(`${rule.source_name}\n${placeKey(rule)}`);
    const [desired, ...more] = known ? [known['desired-tag'] as string, ...tags] : tags;
    if (desired === undefined) {
      left.push(`${describe(rule)}: it names no tag.`);
      continue;
    }
    const extra = [...new Set([...((known?.['extra-tags'] as string[]) ?? []), ...more])].filter(
      (tag) => tag !== desired,
    );
    entries.set(`${rule.source_name}\n${placeKey(rule)}`, {
      id: known?.id ?? entries.size + 1,
      'app-id': appId,
      'job-id': jobId,
      'git-url': `${host}/${build.owner}/${build.repository}`,
      'git-branch': rule.source_name,
      ...placeOf(rule),
      'desired-tag': desired,
      ...(extra.length > 0 ? { 'extra-tags': extra } : {}),
      'notify-email': notifyEmail,
      'depends-on': null,
      'version-tags': false,
      ...(build.autotests.toUpperCase() === 'OFF' ? {} : { 'pull-requests': true }),
    });
    if (rule.nocache) notes.add(`${describe(rule)}: builds use the cache; a "schedule" has all layers built again.`);
  }
  for (const rule of rules.filter(({ source_type }) => source_type === 'Tag')) addVersions(rule, entries, left, notes);

  for (const note of generalNotes(build)) notes.add(note);
  return { entries: [...entries.values()], left, notes: [...notes] };
}

/** Git tags are built for the entry of the same Dockerfile, if they are versions. */
function addVersions(
  rule: Rule,
  entries: ReadonlyMap<string, ImportedEntry>,
  left: string[],
  notes: Set<string>,
): void {
  const pattern = patternOf(rule);
  const matched = sampleVersions.flatMap((name) => {
    const groups = pattern?.exec(name);
    return groups ? [{ name, tags: tagsOf(rule, name, groups) }] : [];
  });
  const [sample] = matched;
  if (!sample) {
    left.push(`${describe(rule)}: of git tags, only versions such as v1.2.3 and 1.2.3 are built.`);
    return;
  }
  const entry = [...entries].find(([key]) => key.endsWith(`\n${placeKey(rule)}`))?.[1];
  if (!entry) {
    left.push(
      `${describe(rule)}: no rule for a branch builds its Dockerfile. Add one for the branch that releases it, with "version-tags: true".`,
    );
    return;
  }
  entry['version-tags'] = true;
  const other = sample.tags.filter((tag) => !versionTags.includes(tag));
  const given = versionTags.filter((tag) => !sample.tags.includes(tag));
  if (other.length > 0)
    notes.add(`${describe(rule)}: ${sample.name} gets ${versionTags.join(', ')} here, and not ${other.join(', ')}.`);
  if (given.length > 0)
    notes.add(
      `${describe(rule)}: ${sample.name} also gets ${given.join(', ')} here, as far as it is the highest version of each.`,
    );
}

function generalNotes({ autotests, envvars, repo_links }: DockerHubBuild): string[] {
  return [
    'Hooks in the folder hooks/ are not run. What they make before the build belongs in "prebuild-script"; other tags in "extra-tags".',
    ...(envvars.length > 0
      ? [
          `Build environment variables (${envvars.length}) are not taken over: what the Dockerfile needs belongs in "build-args", and what is secret in "build-secrets".`,
        ]
      : []),
    ...(autotests.toUpperCase() === 'OFF'
      ? []
      : [
          'Autotests: pull requests are built and judged. docker-compose.test.yml is not run: name the test in cccp.yml.',
        ]),
    ...(autotests.toUpperCase() === 'SOURCE_AND_FORKS'
      ? ['Pull requests of forks are built after a maintainer has approved the commit by "/ok-to-test".']
      : []),
    ...(repo_links
      ? ['Repository links: a new base image always has the projects built again that are based on it.']
      : []),
  ];
}

/** The expression of a rule; undefined for a name, or for an expression that this language does not read. */
function patternOf({ source_name: name }: Rule): RegExp | undefined {
  const text = /^\/(.*)\/$/s.exec(name)?.[1];
  if (text === undefined) return undefined;
  try {
    return new RegExp(`^(?:${text})$`);
  } catch {
    // The rule is reported as one that matches no version.
    return /(?!)/;
  }
}

function tagsOf({ tag }: Rule, name: string, groups: readonly (string | undefined)[]): string[] {
  const filled = tag
    .replaceAll('{sourceref}', name)
    .replaceAll(/\{\\([1-9])\}/g, (_, number: string) => groups[Number(number)] ?? '');
  // What a tag cannot contain becomes "-".
  const tags = filled.split(',').map((each) =>
    each
      .trim()
      .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[.-]+/, ''),
  );
  return [...new Set(tags)].filter((each) => each !== '');
}

/**
 * Where the Dockerfile and the context are. Without a context, the folder of the Dockerfile is the context, and its path begins at the
 * root. https://docs.docker.com/docker-hub/repos/manage/builds/
 */
function placeOf({ dockerfile, build_context }: Rule): Record<'git-path' | 'target-file' | 'build-context', string> {
  const file = trimmed(dockerfile) || 'Dockerfile';
  const isFolder = /\/$/.test(dockerfile ?? '') && file !== 'Dockerfile';
  const path = isFolder ? `${file}/Dockerfile` : file;
  const cut = path.lastIndexOf('/');
  const [folder, name] = build_context
    ? [trimmed(build_context), path]
    : [path.slice(0, Math.max(0, cut)), path.slice(cut + 1)];
  return { 'git-path': folder ? `/${folder}/` : '/', 'target-file': name, 'build-context': './' };
}

const placeKey = (rule: Rule): string => JSON.stringify(Object.values(placeOf(rule)));

/** A path without the slashes and dots around it. */
function trimmed(path: string | null | undefined): string {
  return (path ?? '')
    .replace(/^(?:\.?\/)+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '');
}

function describe({ source_type, source_name, tag }: Rule): string {
  return `${source_type} ${oneLine(source_name, 100)} → ${oneLine(tag, 100) || 'no tag'}`;
}
