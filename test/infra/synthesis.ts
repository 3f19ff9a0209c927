import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { cacheFolder } from '../../local/assembly.ts';
import { synthesise } from '../../local/synthesise.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with the template and its assets. */
    assembly: string;
  }
}

/** Synthesises the app once for all test files, by the program that the CLI starts; what a machine's start has kept of the same sources will do. */
export default async function provideAssembly(project: TestProject): Promise<() => Promise<void>> {
  const assembly = await mkdtemp(join(tmpdir(), 'slipway-assembly-'));
  await synthesise({ root: join(import.meta.dirname, '..', '..'), outputFolder: assembly, cacheFolder, context: {} });
  project.provide('assembly', assembly);
  return () => rm(assembly, { recursive: true });
}
