import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readImage } from '../../builder/confined-reader.ts';
import { ReaderNotConfinedError, readerConfinement } from '../../builder/engines/confinement.ts';
import type { Engine } from '../../builder/engines/engine.ts';
import { listContents } from '../../builder/packages/keep-packages.ts';
import { run } from '../../builder/process.ts';
import { lastGuard } from '../limits.ts';

let folder: string;
let root: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'confined-reader-'));
  root = join(folder, 'root');
  mkdirSync(root);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const env = { PATH: process.env.PATH ?? '' };
const limits = { memory: 2 ** 30, file: 2 ** 20 };

/** An image's rpm database whose rows never end. */
function endlessDatabase(): void {
  mkdirSync(join(root, 'var/lib/rpm'), { recursive: true });
  const database = new DatabaseSync(join(root, 'var/lib/rpm/rpmdb.sqlite'));
  database.exec(
    'create view Packages as with recursive n(i) as (select 1 union all select i + 1 from n) select i as blob from n where i < 0',
  );
  database.close();
}

test('a database that never ends is given up at the time limit, and the builder does other things meanwhile', async () => {
  endlessDatabase();
  let ticks = 0;
  const clock = setInterval(() => (ticks += 1), 20);
  const reading = readImage(
    'contents',
    { root, programs: [], path: '' },
    { workspace: folder, env, signal: AbortSignal.timeout(2000) },
  );
  await expect(reading).rejects.toThrow('timeout');
  clearInterval(clock);
  expect(ticks).toBeGreaterThan(10);
});

test('an image with such a database has packages that cannot be read, and the build goes on', async () => {
  endlessDatabase();
  const engine = { files: (_image, _paths, _call, use) => use(root) } as Partial<Engine> as Engine;
  const call = {
    workspace: folder,
    registry: { url: 'http://localhost:1', host: 'localhost:1' },
    env,
    signal: AbortSignal.timeout(2000),
  };
  const configuration = Promise.resolve({ labels: {}, path: '' });
  const { packages } = await listContents({ engine, image: 'image', configuration, call });
  expect(packages.contents).toMatchObject({ state: 'unreadable', reason: expect.stringContaining('timeout') });
});

test('a database that says what cannot be is unreadable, in one sentence', async () => {
  mkdirSync(join(root, 'var/lib/rpm'), { recursive: true });
  const database = new DatabaseSync(join(root, 'var/lib/rpm/rpmdb.sqlite'));
  database.exec('create table Packages (blob); insert into Packages values (zeroblob(8))');
  database.close();
  const call = { workspace: folder, env, signal: lastGuard() };
  await expect(readImage('contents', { root, programs: [], path: '' }, call)).rejects.toThrow(
    /^Its answer has an unexpected form: packages\.contents\.\w+: [^\n]+\.$/,
  );
});

/** Runs a shell's commands as a reader of images runs. */
async function inside(script: string) {
  const [program = '', ...args] = [...(await readerConfinement(env, lastGuard(), limits)), 'sh', '-c', script];
  return run(program, args, { env, signal: lastGuard(), cwd: folder });
}

test('a reader has no network, sees no process of this machine, and writes no file but its own', async () => {
  const script =
    'tail -n +3 /proc/net/dev | cut -d: -f1; ls /proc | grep -c "^[0-9]"; touch /etc/mine; touch ./mine; echo end';
  const { stdout } = await inside(script);
  expect(stdout).toMatch(/^ *lo\n[1-4]\nend\n$/);
  if (process.getuid?.() !== 0) return;
  const { stderr } = await inside('echo x > /etc/mine; echo x > ./mine; chmod 777 .; mount -t tmpfs x /mnt');
  expect(stderr).toMatch(
    /\/etc\/mine: Permission denied[\s\S]*\.\/mine: Permission denied[\s\S]*Operation not permitted/,
  );
});

test('a reader that takes too much memory, or writes too long a file, ends', async () => {
  expect((await inside("node -e 'new Uint8Array(2 ** 31).fill(1)'")).code).not.toBe(0);
  mkdirSync(join(folder, 'open'), { mode: 0o777 });
  chmodSync(join(folder, 'open'), 0o777);
  expect((await inside('head -c 2000000 /dev/zero > open/file')).code).not.toBe(0);
});

test.each(['setpriv', 'unshare', 'prlimit'])(
  'without %s nothing of an image is read, and the reason says what is missing',
  async (missing) => {
    const programs = join(folder, 'programs');
    mkdirSync(programs);
    for (const name of ['setpriv', 'unshare', 'prlimit', 'true'].filter((each) => each !== missing)) {
      copyFileSync(`/usr/bin/${name}`, join(programs, name));
    }
    symlinkSync(process.execPath, join(programs, 'node'));
    writeFileSync(join(root, 'file'), 'content');
    const call = { workspace: folder, env: { PATH: programs }, signal: lastGuard() };
    await expect(readImage('contents', { root, programs: [], path: '' }, call)).rejects.toThrow(ReaderNotConfinedError);
    await expect(readImage('contents', { root, programs: [], path: '' }, call)).rejects.toThrow(
      /cannot confine a program that reads untrusted files: that needs setpriv, unshare and prlimit \(package util-linux\)/,
    );
  },
);
