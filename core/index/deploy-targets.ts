import * as z from 'zod';
import { parseKey } from '../manifests/key-path.ts';
import {
  type DeployTarget,
  type ManifestTarget,
  manifestKinds,
  serviceKinds,
  writtenParts,
} from '../model/deploy-target.ts';
import type { GitHost } from '../model/git-host.ts';
import { judgeGitUrl } from '../sources/git-url.ts';
import { findRepository } from '../sources/source.ts';
import { quoted } from '../text/visible.ts';
import type { FileDiagnostic } from './diagnostic.ts';
import { type Refuse, serviceKeys, servicePlaceOf } from './service-targets.ts';
import { branch, flag, isTrue, oneOf, rule, text } from './values.ts';
import { type Mapping, type Text, textOf, type Value } from './yaml.ts';

/** Each gets a commit for every release. */
export const mostTargets = 10;

const targetKinds = [...manifestKinds, ...serviceKinds] as const;

const name = text
  .check(
    rule((value) =>
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(value)
        ? undefined
        : `${quoted(value)} is not a name of an environment. Use at most 40 letters, digits, ".", "_" and "-".`,
    ),
  )
  .meta({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$' });

const call = text
  .check(
    rule((value) =>
      /^(?:branch(?: \S+)?|version|promotion)$/.test(value)
        ? undefined
        : `${quoted(value)} calls for no release. Write branch, version or promotion.`,
    ),
  )
  .meta({ pattern: '^(branch( \\S+)?|version|promotion)$', examples: ['branch', 'version', 'promotion'] });

const pause = text
  .check(
    rule((value) =>
      /^[1-9]\d{0,2}[hd]$/.test(value) ? undefined : `${quoted(value)} is not a time. Write hours or days: 12h, 2d.`,
    ),
  )
  .meta({ pattern: '^[1-9][0-9]{0,2}[hd]$', examples: ['2d', '12h'] });

const policy = text
  .check(
    rule((value) =>
      /^[^\s:]+:[^\s:]+$/.test(value)
        ? undefined
        : `${quoted(value)} names no image policy. Write namespace:name, such as flux-system:app.`,
    ),
  )
  .meta({ pattern: '^[^\\s:]+:[^\\s:]+$' });

export const deployMapping = z.strictObject(
  {
    name: name.nullish().describe('The environment, such as `production`; needed where an entry has several targets.'),
    repository: text
      .nullish()
      .describe(
        'The git repository with the manifests: owner/name, or its https address. For `ecs` and `ssm` there is none.',
      ),
    branch: branch.nullish().describe('The branch that is written to; the default branch of the repository if absent.'),
    path: text.nullish().describe('The manifest, or the folder of manifests, from the root of the repository.'),
    kind: oneOf(targetKinds)
      .nullish()
      .describe(
        'What the file is; `kubernetes` if absent: manifests in which the image is found by its name. `ecs` is a service of Amazon ECS, `ssm` a container on servers.',
      ),
    image: text
      .nullish()
      .describe('What the image is called in the manifests; if absent, its release repository or app-id/job-id.'),
    key: text
      .nullish()
      .describe('The keys that lead to the value, such as `web.image`. For `helm-values`, `image` if absent.'),
    part: oneOf(writtenParts)
      .nullish()
      .describe(
        'For `yaml`, which part of the reference `key` holds: the whole `image` (if absent), `name`, `tag` or `digest`.',
      ),
    policy: policy
      .nullish()
      .describe('For `yaml`: the values that a comment marks with this image policy of Flux are written.'),
    mode: oneOf(['push', 'pull-request'])
      .nullish()
      .describe('`push` (if absent) commits to the branch; `pull-request` keeps one pull request to it.'),
    on: call
      .nullish()
      .describe(
        'Which releases it gets: those of the `branch` (if absent), of a `version`, or a `promotion` from the target before.',
      ),
    after: pause
      .nullish()
      .describe(
        'For `on: promotion`: promoted by itself once the target before has had the release for so long without a new finding.',
      ),
    ...serviceKeys,
    'skip-ci': flag.nullish().describe('Whether the message of the commit has `[skip ci]`.'),
  },
  { error: 'It must be a mapping with repository and path, or with kind: ecs or kind: ssm.' },
);

interface Judges {
  allowedHosts: readonly string[];
  /** The git hosts that are configured. */
  gitHosts?: readonly GitHost[] | undefined;
  inside: (key: string, at: Value | undefined, path: string) => string;
  refuse: (at: Value, code: FileDiagnostic['code'], message: string) => void;
}

/** The targets of an entry. If one of them is wrong, the entry is refused. */
export function deployTargetsOf(entry: Mapping, judges: Judges): DeployTarget[] | undefined {
  const written = entry.keys.get('deploy')?.value;
  const mappings = (written?.kind === 'list' ? written.items : [written]).filter((each) => each?.kind === 'mapping');
  if (mappings.length === 0) return undefined;
  const targets = mappings.map((mapping, index) => targetOf(mapping, { ...judges, entry, index, of: mappings.length }));
  const names = new Set<string>();
  for (const [index, target] of targets.entries()) {
    const key = target.name.toLowerCase();
    const at = mappings[index];
    if (names.has(key) && at) judges.refuse(at, 'value', `"deploy": two targets are called ${quoted(target.name)}.`);
    names.add(key);
  }
  return targets;
}

interface Position extends Judges {
  entry: Mapping;
  index: number;
  of: number;
}

function targetOf(mapping: Mapping, position: Position): DeployTarget {
  const { entry, index, of } = position;
  const at = (key: string): Text | undefined => textOf(mapping, key);
  const value = (key: string) => at(key)?.text;
  const refuse: Refuse = (where, message, code = 'value') =>
    position.refuse(where ?? mapping, code, `"deploy": ${message}`);
  const kind = known(targetKinds, value('kind')) ?? 'kubernetes';
  const [called = 'branch', tracked] = value('on')?.split(' ') ?? [];
  const on = called === 'version' || called === 'promotion' ? called : 'branch';
  const own = textOf(entry, 'git-branch')?.text ?? 'master';
  if (of > 1 && !at('name')) refuse(undefined, 'each of several targets needs a name, such as production.');
  if (tracked !== undefined && tracked !== own) {
    refuse(
      at('on'),
      `the entry builds the branch ${quoted(own)}, not ${quoted(tracked)}. Give the other branch an entry of its own.`,
    );
  }
  if (on === 'promotion' && index === 0) refuse(at('on'), 'there is no target before the first one to promote from.');
  if (at('after') && on !== 'promotion') refuse(at('after'), '"after" needs "on: promotion".');
  const target = { name: value('name') ?? 'default', on, afterHours: hoursOf(value('after')) } as const;
  if (kind === 'ecs' || kind === 'ssm') return { ...target, ...servicePlaceOf(kind, mapping, refuse) };
  return { ...target, ...manifestPlaceOf(kind, mapping, { ...position, refuseTarget: refuse }) };
}

/** Where in git the image of a target is written. */
function manifestPlaceOf(
  kind: ManifestTarget['kind'],
  mapping: Mapping,
  { refuseTarget: refuse, ...judges }: Judges & { refuseTarget: Refuse },
): Omit<ManifestTarget, 'name' | 'on' | 'afterHours'> {
  const at = (key: string): Text | undefined => textOf(mapping, key);
  const value = (key: string) => at(key)?.text;
  const mode = known(['push', 'pull-request'] as const, value('mode')) ?? 'push';
  for (const key of ['repository', 'path']) if (!at(key)) refuse(undefined, `"${key}" is missing or empty.`);
  for (const key of Object.keys(serviceKeys)) if (at(key)) refuse(at(key), `the kind ${kind} has no "${key}".`);
  if (kind === 'yaml' && Number(at('key') !== undefined) + Number(at('policy') !== undefined) !== 1) {
    refuse(undefined, 'the kind yaml needs either "key" or "policy".');
  }
  if (kind !== 'yaml' && (at('policy') ?? at('part'))) {
    refuse(at('policy') ?? at('part'), '"policy" and "part" are for the kind yaml.');
  }
  if (at('key') && kind !== 'yaml' && kind !== 'helm-values') refuse(at('key'), `the kind ${kind} has no "key".`);
  return {
    repository: repositoryOf(at('repository'), mode, judges, refuse),
    branch: value('branch'),
    path: judges.inside('deploy, path', at('path'), value('path') ?? '.'),
    kind,
    image: value('image'),
    key: at('key') && parseKey(value('key') ?? ''),
    part: known(writtenParts, value('part')),
    policy: value('policy'),
    mode,
    skipCi: isTrue(value('skip-ci') ?? 'no'),
  };
}

/** The address has a credential behind it: it must be encrypted, but on a host of the configuration. */
function repositoryOf(
  written: Text | undefined,
  mode: ManifestTarget['mode'],
  { allowedHosts, gitHosts = [] }: Judges,
  refuse: Refuse,
): string {
  if (!written) return '';
  if (isPath(written.text, gitHosts[0])) return written.text;
  const judgement = judgeGitUrl(written.text, allowedHosts);
  if ('refusal' in judgement) {
    refuse(written, judgement.refusal, 'git-url');
    return '';
  }
  const isOwn = findRepository(gitHosts, judgement.url) !== undefined;
  if (!isOwn && !judgement.url.startsWith('https://'))
    refuse(written, 'a credential is not sent over http. Write https://.');
  if (!isOwn && mode === 'pull-request') {
    refuse(written, 'pull requests are made only on a git host of the configuration ("gitHosts").');
  }
  return judgement.url;
}

/** `ops/live`, of the first git host. On GitLab groups may contain groups. */
function isPath(text: string, host: GitHost | undefined): boolean {
  const path = host?.kind === 'gitlab' ? /^[\w.-]+(?:\/[\w.-]+)+$/ : /^[\w.-]+\/[\w.-]+$/;
  // With `..` it would be another repository than it says, perhaps one of a credential for another folder.
  return path.test(text) && !text.split('/').some((part) => /^\.{1,2}$/.test(part));
}

function known<Word extends string>(words: readonly Word[], written: string | undefined): Word | undefined {
  return words.find((word) => word === written?.toLowerCase());
}

function hoursOf(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const count = Number.parseInt(written, 10);
  return written.endsWith('d') ? count * 24 : count;
}
