import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Store } from '../../../builder/engines/store.ts';
import { lastGuard } from '../../limits.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'store of images '));
});
afterEach(() => rmSync(home, { recursive: true }));

test.skipIf(process.getuid?.() !== 0)(
  'the folder that containers were mounted in can be removed, however many programs left it mounted',
  async () => {
    const store = new Store('buildah', { HOME: home, PATH: process.env.PATH ?? '' }, 'demo/app');
    const folder = join(store.folder, 'root', 'overlay');
    mkdirSync(folder, { recursive: true });
    for (const _ of [1, 2]) execFileSync('mount', ['--bind', folder, folder]);
    await store.unmount(lastGuard());
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(home.replaceAll(' ', '\\040'));
  },
);

test('what is mounted is recorded where Podman takes the path, however long that of the runtime folder is', async () => {
  for (const folder of ['/run/user/1000', `/dev/shm/${'a-long-name/'.repeat(4)}`]) {
    const env = { HOME: home, PATH: process.env.PATH ?? '', XDG_RUNTIME_DIR: folder };
    const command = await new Store('podman', env, 'demo/app').command([], ['images']);
    const path = command.find((each) => each.startsWith('--runroot='))?.slice('--runroot='.length) ?? '';
    expect(path.startsWith(folder)).toBe(folder.length < 20);
    expect(path.length).toBeLessThanOrEqual(50);
  }
});
