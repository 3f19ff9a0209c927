import { describe, expect, it } from 'vitest';
import { secretsOf, storedSecret } from '../../../core/builds/build-secrets.ts';
import { changedContent } from '../../../core/index/image-content.ts';
import { needsBuild, planIndex } from '../../../core/index/plan-index.ts';
import { readIndex } from '../../../core/index/read-index.ts';
import { sampleProject } from '../sample-project.ts';
import { goodFile, now } from './index-texts.ts';

const defaults = (text: string) => ({ path: 'defaults.yml', text });
const read = (entry: Record<string, string>, common?: string) => {
  const index = readIndex([goodFile({ shop: entry }), ...(common === undefined ? [] : [defaults(common)])], { now });
  const messages = index.diagnostics.map(({ severity, message }) => `${severity}: ${message}`);
  return { index, project: index.projects[0], messages };
};

describe('build-args, target and labels of an entry', () => {
  it('are taken as they are written', () => {
    const { project, messages } = read({
      'build-args': '{NODE_VERSION: 24.10, GREETING: "a=b, $(c)"}',
      target: 'runtime',
      labels: '{org.opencontainers.image.vendor: Acme, com.acme/team: "7"}',
    });
    expect(messages).toEqual([]);
    expect(project).toMatchObject({
      buildArgs: { NODE_VERSION: '24.10', GREETING: 'a=b, $(c)' },
      target: 'runtime',
      labels: { 'org.opencontainers.image.vendor': 'Acme', 'com.acme/team': '7' },
    });
  });

  it('go before those of the whole index, and an empty value takes one away', () => {
    const { project, messages } = read(
      { 'build-args': '{ONE: own, TWO: }' },
      'build-args: {ONE: common, TWO: common, THREE: common}\nlabels:\n  team: all\n',
    );
    expect(messages).toEqual([]);
    expect(project).toMatchObject({ buildArgs: { ONE: 'own', THREE: 'common' }, labels: { team: 'all' } });
  });

  it.each([
    ['build-args', '[NODE_VERSION=24]', '"build-args": It must be a mapping of names to values'],
    ['build-args', '{NODE-VERSION: "24"}', 'is not a name of an ARG'],
    ['build-args', '{BUILDKIT_SYNTAX: evil.example/frontend}', 'is set by the pipeline itself'],
    ['build-args', '{BUILDKIT_CACHE_MOUNT_NS: theirs}', 'is set by the pipeline itself'],
    ['build-args', '{SOURCE_DATE_EPOCH: "0"}', 'is set by the pipeline itself'],
    ['build-args', '{TARGETARCH: s390x}', 'is set by the pipeline itself'],
    ['build-args', `{A: ${'x'.repeat(501)}}`, 'longer than 500 characters'],
    ['build-args', `{${Array.from({ length: 51 }, (_, at) => `A${at}: x`).join(', ')}}`, 'more than 50 names'],
    ['build-args', '{A: {B: c}}', '"build-args", "A"'],
    ['build-secrets', 'npm-token', 'It must be a mapping of names to values, such as npmrc: npm-token'],
    ['build-secrets', '{npmrc: ../other/token}', 'is not a name of a secret'],
    ['build-secrets', '{"id=x,src=/etc/shadow": token}', 'is not an id of a secret'],
    ['build-secrets', `{${Array.from({ length: 9 }, (_, at) => `s${at}: x`).join(', ')}}`, 'more than 8 names'],
    ['build-secrets', '{npmrc: }', '"build-secrets", "npmrc" is missing or empty'],
    ['target', '--file=x', 'is not a name of a stage'],
    ['labels', '{org.opencontainers.image.revision: mine}', 'The pipeline itself sets the label'],
    ['labels', '{io.buildah.version: "9"}', 'are kept for the engine'],
    ['labels', '{"a b": c}', 'is not a name of a label'],
  ])('are refused with a sentence: %s: %s', (key, value, message) => {
    const { project, messages } = read({ [key]: value });
    expect(project).toBeUndefined();
    expect(messages).toEqual([expect.stringContaining(message)]);
  });

  it('warn of an argument that looks like a secret', () => {
    const { project, messages } = read({ 'build-args': '{NPM_TOKEN: abc}' });
    expect(project?.buildArgs).toEqual({ NPM_TOKEN: 'abc' });
    expect(messages).toEqual([expect.stringMatching(/^warning: "build-args": "NPM_TOKEN" looks like a secret/)]);
  });
});

describe('the secrets of a build', () => {
  const buildSecrets = { npmrc: 'npm-token' };
  it.each([
    ['refs/heads/main', buildSecrets],
    ['refs/tags/v1.0.0', buildSecrets],
    ['refs/pull/7/head', undefined],
  ])('are for %s: %j', (ref, expected) => {
    expect(secretsOf({ ref }, { buildSecrets })).toEqual(expected);
  });

  it('are stored for the app-id', () => {
    expect(storedSecret('shop/web:1', 'npm-token', 'slipway/build-secrets/')).toBe(
      'slipway/build-secrets/shop/npm-token',
    );
  });
});

describe('the file with the defaults of all entries', () => {
  it.each([
    ['build-args: none', 'It must be a mapping of names to values'],
    [
      'build-argz: {A: b}',
      'The key "build-argz" is not known. The file has the keys build-args, labels and platforms alone.',
    ],
    ['- a', 'The file has the keys build-args, labels and platforms alone.'],
    ['labels: {org.opencontainers.image.source: x}', 'The pipeline itself sets the label'],
  ])('is refused with a sentence, and every project keeps what it has: %s', (text, message) => {
    const { index, messages } = read({ 'build-args': '{A: changed}' }, `${text}\n`);
    expect(messages.join('\n')).toContain(message);
    const known = index.projects.map((project) => ({
      ...project,
      buildArgs: { A: 'known' },
      labels: { team: 'known' },
    }));
    expect(planIndex(index, known).changed).toEqual([]);
    expect(planIndex(index, []).added).toEqual([]);
  });

  it('has one name', () => {
    const { diagnostics } = readIndex([goodFile({ shop: {} }), { path: 'defaults.yaml', text: 'labels: {a: b}\n' }], {
      now,
    });
    expect(diagnostics).toEqual([
      expect.objectContaining({ message: expect.stringContaining('belong in defaults.yml. Give the file that name.') }),
    ]);
  });
});

describe('a changed argument, stage or label', () => {
  const project = sampleProject('demo/app:latest', { buildArgs: { A: '1', B: '2' } });

  it.each([
    [{ buildArgs: { A: '1', B: '3' } }, ['build-args']],
    [{ buildArgs: undefined, target: 'test' }, ['build-args', 'target']],
    [{ labels: { team: 'x' } }, ['labels']],
    [{ buildSecrets: { npmrc: 'npm-token' } }, ['build-secrets']],
    [{ notifyEmail: ['other@example.org'] }, []],
  ])('builds the image again, and the cause names it: %j', (over, keys) => {
    const after = { ...project, ...over };
    expect(changedContent(project, after)).toEqual(keys);
    expect(needsBuild(project, after)).toBe(keys.length > 0);
  });

  it('is none if the table has the names in another order', () => {
    expect(needsBuild(project, { ...project, buildArgs: { B: '2', A: '1' } })).toBe(false);
  });
});
