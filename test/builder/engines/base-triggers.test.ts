import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { triggeredRunOptions } from '../../../builder/engines/base-triggers.ts';

const image = `registry.example.org/base@sha256:${'ab'.repeat(32)}`;
const id = '1'.repeat(64);
const triggers = ['RUN --mount=type=cache,target=/c true', 'COPY . /app'];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'triggers-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The options of the triggers, by an engine that prints this of the image. */
function options(program: 'podman' | 'buildah', printed: unknown): Promise<string[]> {
  const ask = async () => ({ code: 0, stdout: JSON.stringify(printed), stderr: '' });
  return triggeredRunOptions({ program, folder }, [image], { ask, recent: [] });
}

/** As Podman 4.3 and 5.4 print it: `OnBuild` is not among the keys of `Config`. */
const inspected = [{ Id: id, GraphDriver: { Name: 'overlay' }, Config: { Cmd: ['sh'] } }];

/** What Podman keeps of an image in its store. `kept` is what is found in place of the configuration. */
function keep(configuration: object, kept: object = configuration): void {
  const own = join(folder, 'root', 'overlay-images', id);
  const digest = `sha256:${createHash('sha256').update(JSON.stringify(configuration)).digest('hex')}`;
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, 'manifest'), JSON.stringify({ schemaVersion: 2, config: { digest }, layers: [] }));
  writeFileSync(join(own, `=${Buffer.from(digest).toString('base64')}`), JSON.stringify(kept));
}

test('the mounts that a base image brings are known with Buildah, which prints them', async () => {
  const found = await options('buildah', { Docker: { config: { OnBuild: triggers } } });
  expect(found).toEqual(['--mount=type=cache,target=/c']);
});

test('the mounts that a base image brings are known with Podman, which does not print them', async () => {
  keep({ config: { OnBuild: triggers } });
  expect(await options('podman', inspected)).toEqual(['--mount=type=cache,target=/c']);
});

test('an image without such instructions brings none', async () => {
  keep({ config: { Cmd: ['sh'] } });
  expect(await options('podman', inspected)).toEqual([]);
});

test.each([
  ['its configuration is not where it is looked for', () => undefined],
  ['something else is there', () => keep({ config: { OnBuild: triggers } }, { config: {} })],
])('nothing is built from an image of Podman if %s', async (_, prepare) => {
  prepare();
  await expect(options('podman', inspected)).rejects.toThrow(/podman does not say which instructions it brings/);
});
