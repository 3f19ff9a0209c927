import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../local/temporary-folder.ts';

afterEach(() => void vi.unstubAllEnvs());

it('is the one that TMPDIR names, for whoever sets it', () => {
  vi.stubEnv('TMPDIR', '/somewhere');
  expect(temporaryFolder()).toBe('/somewhere');
});

it('is a folder in memory, or the usual one', () => {
  vi.stubEnv('TMPDIR', undefined);
  const folder = temporaryFolder();
  expect(['/dev/shm', tmpdir()]).toContain(folder);
  expect(() => accessSync(folder, constants.W_OK)).not.toThrow();
});
