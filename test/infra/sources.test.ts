import { readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { alsoMadeOf } from '../../local/synthesise.ts';
import { handlerFiles } from './template.ts';

const root = join(import.meta.dirname, '..', '..');

test('cdk.json names every file that the template and its bundles are made of: by them a kept template is known to be of today', async () => {
  const { watch } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as { watch: { include: string[] } };
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['infra/app.ts', 'builder/main.ts', ...handlerFiles().map((stem) => `functions/${stem}.ts`)],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: root,
    write: false,
    metafile: true,
  });
  const files = Object.keys(metafile.inputs);
  expect(files.length).toBeGreaterThan(200);
  const patterns = [...watch.include, ...alsoMadeOf];
  expect(files.filter((file) => !patterns.some((pattern) => matchesGlob(file, pattern)))).toEqual([]);
});
