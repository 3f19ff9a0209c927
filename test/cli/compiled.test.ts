import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const project = join(import.meta.dirname, '../..');
const main = 'process.stdout.write(import.meta.filename);\n';
let folder: string;
let root: string;

/** A project whose command says which file it is. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-compiled-'));
  root = join(folder, 'project');
  await mkdir(join(root, 'cli'), { recursive: true });
  await mkdir(join(root, 'node_modules'));
  for (const name of ['esbuild', '@esbuild'])
    await symlink(join(project, 'node_modules', name), join(root, 'node_modules', name));
  for (const name of ['slipway.js', 'compiled.js', 'compile.js'])
    await cp(join(project, 'cli', name), join(root, 'cli', name));
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  await writeFile(join(root, 'cli/main.ts'), main);
  await node('cli/compile.js');
});

afterAll(() => rm(folder, { recursive: true }));

const node = async (path: string) => (await promisify(execFile)(process.execPath, [join(root, path)])).stdout;
const started = async () => basename(await node('cli/slipway.js'));

describe('the command', () => {
  it('starts as npm ci compiled it', async () => {
    expect(await started()).toBe('main.mjs');
  });

  it('starts from its sources where they are moved, as the compiled form names files by where they were', async () => {
    const [from, to] = [root, join(folder, 'moved')];
    await rename(from, to);
    root = to;
    expect(await started()).toBe('main.ts');
    await rename(to, from);
    root = from;
    expect(await started()).toBe('main.mjs');
  });

  it('starts from its sources as soon as one of them has changed', async () => {
    await writeFile(join(root, 'cli/main.ts'), `${main}\n`);
    expect(await started()).toBe('main.ts');
  });
});
