import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EngineCall } from '../../../builder/engines/engine.ts';
import { shortLivedContainers } from '../../../builder/engines/short-lived-containers.ts';
import { ImageRoot } from '../../../builder/image-root.ts';
import { lastGuard } from '../../limits.ts';

let workspace: string;
let call: EngineCall;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'containers '));
  const registry = { url: 'http://localhost:1', host: 'localhost:1' };
  call = { workspace, registry, env: { PATH: process.env.PATH ?? '' }, signal: lastGuard() };
});
afterEach(() => rmSync(workspace, { recursive: true }));

/** A program with Docker's commands, as far as they are used: it notes how it is called, and exports an archive that was made to harm. */
const program = `
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
const [, , notes, ...args] = process.argv;
appendFileSync(notes, JSON.stringify(args) + '\\n');
if (args[0] === 'run' && args.includes('hang')) setInterval(() => {}, 1000);
if (args[0] === 'export') {
  const root = notes + '.root';
  mkdirSync(root + '/var/lib/dpkg', { recursive: true });
  mkdirSync(root + '/etc');
  mkdirSync(root + '/usr/share', { recursive: true });
  writeFileSync(root + '/var/lib/dpkg/status', 'Package: a\\n');
  writeFileSync(root + '/usr/share/large', 'x'.repeat(100000));
  symlinkSync(process.cwd(), root + '/etc/apt');
  mkdirSync(root + '/usr/share/os/more', { recursive: true });
  writeFileSync(root + '/usr/share/os/release', 'ID=a\\n');
  symlinkSync('../usr/share/os/now', root + '/etc/os-release');
  symlinkSync('/usr/share/os/release', root + '/usr/share/os/now');
  symlinkSync('share/os', root + '/usr/os');
  writeFileSync(root + '/usr/share/os/more/file', 'more');
  symlinkSync('loop/loop', root + '/usr/loop');
  const archive = args[1].slice('--output='.length);
  spawnSync('tar', ['-cf', archive, '-C', root, '.']);
  // A second entry of the same name, behind the link.
  mkdirSync(root + '/second/etc/apt', { recursive: true });
  writeFileSync(root + '/second/etc/apt/planted', 'planted');
  spawnSync('tar', ['-rf', archive, '-C', root + '/second', './etc/apt/planted']);
}
`;

function containers() {
  const file = join(workspace, 'program.mjs');
  const notes = join(workspace, 'notes');
  writeFileSync(file, program);
  const letGo: string[] = [];
  const engine = shortLivedContainers({
    command: async (args) => [process.execPath, file, notes, ...args],
    prepare: async ({ env }) => ({ ...env }),
    user: '7:7',
    options: async () => ['--ulimit=nofile=9:9'],
    letGo: async (image) => {
      letGo.push(image);
    },
  });
  const calls = () =>
    readFileSync(notes, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as string[]);
  return { engine, calls, letGo };
}

test('the files of an image are lent, those that are asked for only, and nothing is written outside', async () => {
  const { engine, calls } = containers();
  const seen = await engine.files('image', ['var/lib/dpkg', 'etc/apt'], call, async (folder) => ({
    folder,
    status: new ImageRoot(folder).text('var/lib/dpkg/status', 1000),
    large: existsSync(join(folder, 'usr/share/large')),
  }));

  expect(seen).toMatchObject({ status: 'Package: a\n', large: false });
  expect(existsSync(seen.folder)).toBe(false);
  expect(existsSync(join(workspace, 'planted'))).toBe(false);
  expect(readdirSync(workspace).filter((name) => name.startsWith('slipway-'))).toEqual([]);
  const name = calls()[0]?.[1]?.slice('--name='.length);
  expect(calls()).toEqual([
    ['create', `--name=${name}`, '--network=none', '--entrypoint=/none', 'image'],
    ['export', `--output=${join(workspace, `${name}.tar`)}`, name],
    ['rm', '--force', name],
  ]);
});

test('the files of an image that is held are had from the engine once, and are gone with the last who holds it', async () => {
  const { engine, calls, letGo } = containers();
  const look = (path: string) =>
    engine.files('image', [path], call, async (folder) => existsSync(join(folder, 'var/lib/dpkg/status')));
  {
    await using _held = await engine.hold('image', call);
    expect(await Promise.all([look('var/lib/dpkg'), look('etc')])).toEqual([true, false]);
    expect(await look('var')).toBe(true);
    expect(letGo).toEqual([]);
  }

  expect(calls().map(([command]) => command)).toEqual(['create', 'export', 'rm']);
  expect(letGo).toEqual(['image']);
  expect(readdirSync(workspace).filter((name) => /\.(?:tar|files)$/.test(name))).toEqual([]);
});

test('the files can be had though somebody else who wanted them at the same time was stopped', async () => {
  const { engine } = containers();
  await using _held = await engine.hold('image', call);
  const stop = new AbortController();
  const one = engine.files('image', ['etc'], { ...call, signal: stop.signal }, async () => 'lent');
  const other = engine.files('image', ['etc'], call, async () => 'lent');
  stop.abort(new Error('stopped'));

  await expect(one).rejects.toThrow('stopped');
  expect(await other).toBe('lent');
});

test('a command runs with no rights and no more than its folder, and its container is taken away when it is stopped', async () => {
  const { engine, calls } = containers();
  const stop = new AbortController();
  const running = engine.run(
    {
      image: 'image',
      command: ['/bin/sh', 'hang'],
      folder: { source: '/a', target: '/source' },
      workingFolder: '/source',
      environment: { HOME: '/tmp' },
      hasNetwork: false,
    },
    { ...call, signal: stop.signal },
  );
  const begun = setInterval(() => existsSync(join(workspace, 'notes')) && stop.abort(new Error('stopped')), 20);
  await expect(running).rejects.toThrow('stopped');
  clearInterval(begun);

  const [first, last] = calls();
  expect(first).toEqual(
    expect.arrayContaining([
      '--user=7:7',
      '--ulimit=nofile=9:9',
      '--cap-drop=ALL',
      '--security-opt=no-new-privileges',
      '--network=none',
      '--volume=/a:/source:rw',
      '--entrypoint=/bin/sh',
    ]),
  );
  expect(first?.slice(-2)).toEqual(['image', 'hang']);
  expect(last).toEqual(['rm', '--force', first?.[2]?.slice('--name='.length)]);
});

test('root, capabilities, the image’s own user and a file system for reading alone are what the engine is asked for', async () => {
  const { engine, calls } = containers();
  const common = { image: 'image', command: ['/bin/true'], environment: {}, hasNetwork: false } as const;
  await engine.run({ ...common, user: 'root', capabilities: ['CHOWN', 'SETUID'], isReadOnly: true }, call);
  await engine.run({ ...common, user: 'image', folder: { source: '/a', target: '/b', isReadOnly: true } }, call);

  const [asRoot, , asOwn] = calls();
  const given = ['--user=0:0', '--cap-drop=ALL', '--cap-add=CHOWN', '--cap-add=SETUID', '--read-only', '--tmpfs=/tmp'];
  expect(asRoot).toEqual(expect.arrayContaining(given));
  expect(asOwn).toEqual(expect.arrayContaining(['--cap-drop=ALL', '--volume=/a:/b:ro']));
  expect(asOwn?.filter((each) => /^--(?:user|workdir|cap-add|read-only)/.test(each))).toEqual([]);
});

test('where links in an image lead is lent too', async () => {
  const { engine } = containers();
  const seen = await engine.files('image', ['etc/os-release', 'usr/os/more', 'usr/loop/x'], call, async (folder) => ({
    release: new ImageRoot(folder).text('etc/os-release', 1000),
    more: new ImageRoot(folder).text('usr/os/more/file', 1000),
    status: existsSync(join(folder, 'var/lib/dpkg/status')),
  }));

  expect(seen).toEqual({ release: 'ID=a\n', more: 'more', status: false });
});
