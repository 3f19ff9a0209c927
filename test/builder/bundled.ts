import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { builderBundles } from '../../infra/bundle.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The builder's program, as CodeBuild runs it. */
    builder: string;
  }
}

/** Bundles the builder and its reader once for all test files. From its sources each of their many runs would take half a second more to start. */
export default async function bundle(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-builder-'));
  for (const [stem, code] of builderBundles()) writeFileSync(join(folder, `${stem}.cjs`), code);
  project.provide('builder', join(folder, 'main.cjs'));
  return () => rm(folder, { recursive: true });
}
