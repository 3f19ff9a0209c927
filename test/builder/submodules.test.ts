import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchSubmodules } from '../../builder/submodules.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'submodules-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Stands for a git that checks a submodule out as `checkOut` says, which none that is known does. @returns where git was run */
async function foldersOf(checkOut: (checkout: string, outside: string) => void): Promise<string[]> {
  const [checkout, outside] = [join(folder, 'source'), join(folder, 'outside')];
  for (const each of [checkout, outside]) mkdirSync(each);
  writeFileSync(join(outside, '.gitmodules'), '');
  writeFileSync(join(checkout, '.gitmodules'), '');
  const ran = new Set<string>();
  await fetchSubmodules({ gitFolder: join(folder, 'git'), folder: checkout }, 'https://git.example/demo/app', {
    judge: async (url) => ({ url, settings: [] }),
    next: 'Correct it.',
    async git(at, _settings, command, ...args) {
      ran.add(at.folder);
      if (command === 'submodule' && args.includes('update')) checkOut(checkout, outside);
      const value = args.at(-1)?.endsWith('path$') ? 'path\nx' : 'url\nhttps://git.example/demo/x';
      const isRead = command === 'config' && args.includes('--get-regexp') && at.folder === checkout;
      return { code: 0, stdout: isRead ? `submodule.x.${value}\0` : '', stderr: '' };
    },
  });
  return [...ran].map((each) => each.slice(folder.length + 1));
}

test('submodules of a submodule are fetched', async () => {
  const ran = await foldersOf((checkout) => {
    mkdirSync(join(checkout, 'x'));
    writeFileSync(join(checkout, 'x', '.gitmodules'), '');
  });
  expect(ran).toEqual(['source', 'source/x']);
});

test('a submodule whose folder is a link is not gone into', async () => {
  expect(await foldersOf((checkout, outside) => symlinkSync(outside, join(checkout, 'x')))).toEqual(['source']);
});

test('nor is one whose list of submodules is a link', async () => {
  const ran = await foldersOf((checkout, outside) => {
    mkdirSync(join(checkout, 'x'));
    symlinkSync(join(outside, '.gitmodules'), join(checkout, 'x', '.gitmodules'));
  });
  expect(ran).toEqual(['source']);
});
