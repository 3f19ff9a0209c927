import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataFolderError, takeDataFolder } from '../../local/data-folder.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway data '));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a data folder', () => {
  test('belongs to one process at a time', async () => {
    const first = await takeDataFolder(join(folder, 'new', 'data'));
    await expect(takeDataFolder(join(folder, 'new', 'data'))).rejects.toThrow(/Another Slipway uses the data folder/);
    first.release();
    (await takeDataFolder(join(folder, 'new', 'data'))).release();
  });

  test('is free again when its process was killed', async () => {
    const module = JSON.stringify(new URL('../../local/data-folder.ts', import.meta.url).href);
    const program = `const { takeDataFolder } = await import(${module});
      globalThis.lock = await takeDataFolder(process.argv[1]); console.log('taken'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await expect(takeDataFolder(folder)).rejects.toThrow(DataFolderError);
    child.kill('SIGKILL');
    await once(child, 'exit');
    (await takeDataFolder(folder)).release();
  });

  test('that is a file, or that nobody may write, is refused in one line', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(takeDataFolder(file)).rejects.toThrow(/cannot be written: it is not a folder\.$/);
    if (process.getuid?.() === 0) return;
    await mkdir(join(folder, 'closed'));
    await chmod(join(folder, 'closed'), 0o500);
    await expect(takeDataFolder(join(folder, 'closed'))).rejects.toThrow(/cannot be written: this user may not\.$/);
  });
});
