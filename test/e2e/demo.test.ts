import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../../local/command.ts';

const fileOf = (name: string) => join(import.meta.dirname, '..', '..', 'local', name);

it('the demo keeps its promises, in a folder with a space, and says so in plain lines', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway demo '));
  try {
    const output = await run(process.execPath, [
      '--import',
      fileOf('compile-cache.js'),
      fileOf('demo.ts'),
      '--data',
      join(folder, 'data'),
    ]);
    for (const project of ['demo/base:latest', 'demo/app:latest', 'demo/legacy:latest'])
      expect(output).toContain(project);
    expect(output).toMatch(/blocked by the policy/);
    expect(output).toMatch(/signed: built from [0-9a-f]{7}, scanned/);
    expect(output).toMatch(/tags and manifest are back at sha256/);
    expect(output).toMatch(/Everything that the demo promises happened/);
    expect(output).not.toContain('\u001b[');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
