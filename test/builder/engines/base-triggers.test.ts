import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { triggersOf } from '../../../builder/engines/base-triggers.ts';

const image = `registry.example.org/base@sha256:${'ab'.repeat(32)}`;
const id = '1'.repeat(64);
const triggers = ['RUN --mount=type=cache,target=/c true', 'COPY . /app', 'ADD http://127.0.0.1/x /x'];
const judged = { runOptions: ['--mount=type=cache,target=/c'], remoteSources: ['http://127.0.0.1/x'] };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'triggers-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is judged of the triggers, by an engine that prints this of the image. */
function brought(program: 'podman' | 'buildah', printed: unknown): ReturnType<typeof triggersOf> {
  const ask = async () => ({ code: 0, stdout: JSON.stringify(printed), stderr: '' });
  return triggersOf({ program, folder }, [image], { ask, recent: [] });
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

test('the mounts and addresses that a base image brings are known with Buildah, which prints them', async () => {
  expect(await brought('buildah', { Docker: { config: { OnBuild: triggers } } })).toMatchObject(judged);
});

test('the mounts and addresses that a base image brings are known with Podman, which does not print them', async () => {
  keep({ config: { OnBuild: triggers } });
  expect(await brought('podman', inspected)).toMatchObject(judged);
});

test('an image without such instructions brings none', async () => {
  keep({ config: { Cmd: ['sh'] } });
  expect(await brought('podman', inspected)).toEqual({ runOptions: [], remoteSources: [] });
});

test.each([
  ['its configuration is not where it is looked for', () => undefined],
  ['something else is there', () => keep({ config: { OnBuild: triggers } }, { config: {} })],
])('nothing is built from an image of Podman if %s', async (_, prepare) => {
  prepare();
  await expect(brought('podman', inspected)).rejects.toThrow(/podman does not say which instructions it brings/);
});
