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
