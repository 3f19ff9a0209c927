import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { run } from '../../../local/command.ts';
import { checkOut, fillInIndex, push } from '../../../local/demo/sources.ts';

let folder: string;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway sources-'));
  url = join(folder, 'host.git');
  await run('git', ['init', '--quiet', '--bare', url]);
});

afterEach(() => rm(folder, { recursive: true }));

describe('an example', () => {
  test('is pushed to a repository that has nothing yet', async () => {
    const copy = await checkOut('app', { folder: join(folder, 'app'), url, login: {} });
    const commit = await push(copy, 'Add the application');
    expect(await run('git', ['-C', url, 'rev-parse', 'refs/heads/main'])).toBe(commit);
    expect(await run('git', ['-C', url, 'ls-tree', '--name-only', 'main'])).toContain('Dockerfile');
  });

  test('is pushed on top of what is there already, as a new commit even where nothing changed', async () => {
    const first = await push(
      await checkOut('app', { folder: join(folder, 'one'), url, login: {} }),
      'Add the application',
    );
    const second = await push(
      await checkOut('app', { folder: join(folder, 'two'), url, login: {} }),
      'Add the application again',
    );
    expect(second).not.toBe(first);
    expect(await run('git', ['-C', url, 'rev-parse', 'main^'])).toBe(first);
  });

  test('is no more of what a person had in its place', async () => {
    const before = await checkOut('app', { folder: join(folder, 'one'), url, login: {} });
    await writeFile(join(before.folder, 'pages/mine.txt'), 'Mine\n');
    await push(before, 'Add a page');
    await push(await checkOut('app', { folder: join(folder, 'two'), url, login: {} }), 'Add the application again');
    const names = await run('git', ['-C', url, 'ls-tree', '-r', '--name-only', 'main']);
    expect(names).not.toContain('mine.txt');
  });

  test('of the index names the git server that it is pushed to', async () => {
    const index = await checkOut('index', { folder: join(folder, 'index'), url, login: {} });
    await fillInIndex(index, { gitUrl: 'http://localhost:4600/git', without: ['server'] });
    const text = await readFile(join(index.folder, 'index.d/demo.yml'), 'utf8');
    const { Projects } = parse(text) as { Projects: { 'git-url': string; deploy?: { name: string }[] }[] };
    expect(Projects.map((entry) => entry['git-url'])).toEqual([
      'http://localhost:4600/git/demo/base.git',
      'http://localhost:4600/git/demo/app.git',
      'http://localhost:4600/git/demo/legacy.git',
    ]);
    expect(Projects[1]?.deploy?.map(({ name }) => name)).toEqual(['staging']);
  });
});

test('the package of the blocked example has the version that the example record names', async () => {
  const record = JSON.parse(await readFile('examples/osv/SLIPWAY-EXAMPLE-2026-1.json', 'utf8'));
  const control = await readFile('examples/legacy/package/DEBIAN/control', 'utf8');
  const version = /^Version: (.*)$/m.exec(control)?.[1];
  const source = /^Source: (.*)$/m.exec(control)?.[1];
  for (const affected of record.affected) {
    expect(affected.versions).toContain(version);
    expect(affected.package.name).toBe(source);
  }
  expect((await stat('examples/legacy/package/usr/bin/parse-line')).mode & 0o111).not.toBe(0);
});
