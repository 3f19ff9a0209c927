import type { GitHost } from '../model/git-host.ts';
import { notifiableStatuses } from '../model/notifiable-statuses.ts';
import { platforms } from '../model/platform.ts';
import { type OwnPolicy, withOwnPolicy } from '../model/policy.ts';
import type { Project } from '../model/project.ts';
import { judgeGitUrl } from '../sources/git-url.ts';
import { findRepository, sourceOf } from '../sources/source.ts';
import { escaped, quoted } from '../text/visible.ts';
import { warningsOn } from './advice.ts';
import { mergedTexts } from './build-keys.ts';
import type { Defaults } from './defaults-file.ts';
import { deployTargetsOf } from './deploy-targets.ts';
import type { FileDiagnostic } from './diagnostic.ts';
import { checkKeys } from './entry-check.ts';
import { type EntryKey, type EntryValues, splitAddresses } from './entry-keys.ts';
import { exceptionDiagnostics, exceptionsOf } from './exceptions.ts';
import { notifyUrlsOf } from './notify-urls.ts';
import { weakerDiagnostics } from './policy-file.ts';
import { policyOf } from './policy-keys.ts';
import { isTrue } from './values.ts';
import { type Mapping, type Text, textOf, type Value } from './yaml.ts';

export interface EntryOptions {
  /** The day that expiry days are compared with. */
  now: Date;
  /** Private hosts that sources may be read from, each with one port or with all. */
  allowedHosts: readonly string[];
  /** How many mail addresses an entry may have. */
  mostRecipients: number;
  /** The git hosts that are configured. */
  gitHosts?: readonly GitHost[] | undefined;
  /** The policy of the whole index, which an entry's own overrides. */
  policy?: OwnPolicy | undefined;
  /** What the whole index says where an entry says nothing. */
  defaults?: Defaults | undefined;
}

export interface ReadEntry {
  /** Absent if the entry makes none. */
  project?: Project | undefined;
  /** `app/job:tag`, or the readable part of it. */
  shown: string;
  diagnostics: FileDiagnostic[];
}

/** Reads one entry, and reports everything that is wrong with it. */
export function readEntry(entry: Mapping, file: string, options: EntryOptions): ReadEntry {
  const { values, diagnostics } = checkKeys(entry);
  const places = placesOf(entry, options, diagnostics);
  diagnostics.push(...exceptionDiagnostics(entry, options.now), ...warningsOn(entry, file));
  diagnostics.push(...pullRequestDiagnostics(entry, values));
  diagnostics.push(...recipientDiagnostics(entry, values, options.mostRecipients));
  const ownPolicy = policyOf(values?.policy);
  diagnostics.push(...weakerDiagnostics(entry, ownPolicy, options.policy));
  const policy = withOwnPolicy(options.policy, ownPolicy);
  const project =
    values && places && !diagnostics.some(isFatal)
      ? projectOf(values, { ...places, policy }, { file, defaults: options.defaults })
      : undefined;
  return {
    project,
    shown: shownName(entry),
    diagnostics,
  };
}

/** A pull request runs its author's code in its build, which must not get at what the secret opens. */
function pullRequestDiagnostics(entry: Mapping, values: EntryValues | undefined): FileDiagnostic[] {
  const written = entry.keys.get('pull-requests');
  if (!written || !values?.['source-secret'] || !isTrue(values['pull-requests'] ?? 'false')) return [];
  const message =
    '"pull-requests": those of a repository that "source-secret" opens are not built. Take one of the two keys out.';
  return [{ severity: 'error', code: 'value', offset: written.value.offset, message }];
}

/** Anybody can write an entry, and every address in it gets mail: it must not become a list of strangers. */
function recipientDiagnostics(entry: Mapping, values: EntryValues | undefined, most: number): FileDiagnostic[] {
  const count = values ? recipientsOf(values).length : 0;
  const written = entry.keys.get('notify-email');
  if (count <= most || !written) return [];
  const message = `"notify-email" has ${count} addresses, and ${most} are allowed. Write the address of a mailing list instead, or ask whoever runs Slipway for more ("recipientsPerEntry").`;
  return [{ severity: 'error', code: 'too-many', offset: written.value.offset, message }];
}

/** Each address once. */
function recipientsOf(values: EntryValues): string[] {
  const addresses = listOf(values['notify-email']).flatMap(splitAddresses);
  return [...new Map(addresses.map((address) => [address.toLowerCase(), address])).values()];
}

function shownName(entry: Mapping): string {
  const part = (key: EntryKey) => escaped(textOf(entry, key)?.text.slice(0, 80).replaceAll(/\s/g, ' ') ?? '?');
  return `${part('app-id')}/${part('job-id')}:${part('desired-tag')}`;
}

/** An unknown key is ignored, as in CCCP: a build without it is better than none. */
function isFatal({ severity, code }: FileDiagnostic): boolean {
  return severity === 'error' && code !== 'unknown-key';
}

type Places = Pick<Project, 'gitUrl' | 'gitHost' | 'source' | 'dockerfile' | 'context' | 'prebuild' | 'deploy'>;

/** The addresses and paths of an entry; each is checked even if another is wrong. */
function placesOf(
  entry: Mapping,
  { allowedHosts, gitHosts }: EntryOptions,
  diagnostics: FileDiagnostic[],
): Places | undefined {
  const before = diagnostics.length;
  const refuse = (at: Value, code: FileDiagnostic['code'], message: string) =>
    diagnostics.push({ severity: 'error', code, offset: at.offset, message });
  const address = (key: EntryKey, written: Text) => {
    const judgement = judgeGitUrl(written.text, allowedHosts);
    if ('refusal' in judgement) {
      refuse(written, 'git-url', `"${key}": ${judgement.refusal}`);
      return '';
    }
    const { url, advice } = judgement;
    if (advice) {
      diagnostics.push({
        severity: 'warning',
        code: 'git-url',
        offset: written.offset,
        message: `"${key}": ${advice}`,
      });
    }
    return url;
  };
  const inside = (key: string, at: Value | undefined, path: string) => {
    const known = pathInside(path);
    if (known === undefined && at) {
      refuse(
        at,
        'path',
        `"${key}" leaves the repository: ${quoted(path)}. "/" and "./" are its root at "git-path: /".`,
      );
    }
    return known ?? '.';
  };

  const [gitUrl, folder, target, context] = (['git-url', 'git-path', 'target-file', 'build-context'] as const).map(
    (key) => textOf(entry, key),
  );
  const url = gitUrl ? address('git-url', gitUrl) : '';
  const root = inside('git-path', folder, folder?.text ?? '.');
  const dockerfile = inside('target-file', target, `${root}/${target?.text ?? ''}`);
  if (target && pathInside(target.text) === '.') {
    refuse(target, 'path', `"target-file" names a folder: ${quoted(target.text)}. Write the name of the Dockerfile.`);
  }
  const contextFolder = inside('build-context', context, `${root}/${context?.text ?? '.'}`);
  const prebuild = prebuildOf(entry, refuse, inside);
  const deploy = deployTargetsOf(entry, { allowedHosts, gitHosts, inside, refuse });
  if (!gitUrl || diagnostics.slice(before).some(({ severity }) => severity === 'error')) return undefined;
  return {
    gitUrl: url,
    gitHost: findRepository(gitHosts ?? [], url)?.host.kind,
    source: sourceOf(url, gitHosts),
    dockerfile,
    context: contextFolder,
    prebuild,
    deploy,
  };
}

function prebuildOf(
  entry: Mapping,
  refuse: (at: Value, code: FileDiagnostic['code'], message: string) => void,
  inside: (key: string, at: Value | undefined, path: string) => string,
): Project['prebuild'] {
  const script = textOf(entry, 'prebuild-script');
  const context = textOf(entry, 'prebuild-context');
  if (script && context) {
    const folder = inside('prebuild-context', context, context.text);
    return { script: inside('prebuild-script', script, `${folder}/${script.text}`), context: folder };
  }
  const given = script ?? context;
  if (given) {
    const [one, other] = script ? ['prebuild-script', 'prebuild-context'] : ['prebuild-context', 'prebuild-script'];
    refuse(given, 'prebuild', `There is "${one}" without "${other}". Write both, or none of them.`);
  }
  return undefined;
}

function projectOf(
  values: EntryValues,
  { policy, ...places }: Places & Partial<Pick<Project, 'policy'>>,
  { file, defaults }: { file: string; defaults: Defaults | undefined },
): Project {
  const appId = values['app-id'].toLowerCase();
  const jobId = values['job-id'].toLowerCase();
  const name = `${appId}/${jobId}:${values['desired-tag']}`;
  const flags = {
    versionTags: flagOf(values['version-tags']),
    pullRequests: flagOf(values['pull-requests']),
  };
  const notify = optionalList(values.notify)?.map((end) => end.toLowerCase());
  const optional = {
    extraTags: optionalList(values['extra-tags']),
    platforms: platformsOf(optionalList(values.platforms) ?? optionalList(defaults?.platforms)),
    paths: optionalList(values.paths),
    ...flags,
    notify: notify && notifiableStatuses.filter((status) => notify.includes(status)),
    notifyUrls: notifyUrlsOf(values['notify-url']),
    schedule: values.schedule ?? undefined,
    sourceSecret: values['source-secret'] ?? undefined,
    visibility: visibilityOf(values),
    viewers: optionalList(values.viewers),
    buildArgs: mergedTexts(defaults?.['build-args'], values['build-args']),
    buildSecrets: values['build-secrets'] ?? undefined,
    target: values.target ?? undefined,
    labels: mergedTexts(defaults?.labels, values.labels),
    policy,
    exceptions: exceptionsOf(values.exceptions),
    destinations: optionalList(values.destinations),
    hold: values.hold ? { until: values.hold.until ?? undefined, reason: values.hold.reason ?? undefined } : undefined,
  };
  return {
    name,
    appId,
    jobId,
    desiredTag: values['desired-tag'],
    gitBranch: values['git-branch'] ?? 'master',
    ...places,
    notifyEmail: recipientsOf(values),
    dependsOn: [...new Set(listOf(values['depends-on']).map(parentName))].filter((parent) => parent !== name),
    file,
    ...optional,
    sharesRepository: false,
    active: flagOf(values.enabled) ?? true,
  };
}

/** Where the source is private, so is what shows it, unless the index decides otherwise. */
function visibilityOf({ visibility, 'source-secret': secret }: EntryValues): Project['visibility'] {
  const written = visibility?.toLowerCase() ?? (secret ? 'private' : 'public');
  return written === 'private' ? 'private' : undefined;
}

/** Repository names are in lower case; a tag is kept as written, and is `latest` if absent. */
function parentName(written: string): string {
  const [, repository = written, version = ''] = /^(.*?)(:[^/:@]*(?:@.*)?|@.*)?$/.exec(written) ?? [];
  return `${repository.toLowerCase()}${version || ':latest'}`;
}

/**
 * A path relative to the repository's root, `.` for the root itself. The index of CentOS has absolute paths, trailing slashes and contexts
 * like `../../`. Undefined if it leaves the repository.
 */
function pathInside(path: string): string | undefined {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/') || '.';
}

function listOf(value: string | string[] | null | undefined): string[] {
  return value === null || value === undefined ? [] : [value].flat();
}

function optionalList(value: string | string[] | null | undefined): string[] | undefined {
  return value === null || value === undefined ? undefined : [value].flat();
}

function platformsOf(written: string[] | undefined): Project['platforms'] {
  const named = written?.map((platform) => platform.toLowerCase().replace(/\/v8$/, ''));
  return named && platforms.filter((platform) => named.includes(platform));
}

function flagOf(value: string | null | undefined): boolean | undefined {
  return value === null || value === undefined ? undefined : isTrue(value);
}
