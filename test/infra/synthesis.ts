import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { synthesise } from '../../local/synthesise.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with the template and its assets. */
    assembly: string;
  }
}

/** Synthesises the app once for all test files, by the program that the CLI starts. */
export default async function provideAssembly(project: TestProject): Promise<() => Promise<void>> {
  const assembly = await mkdtemp(join(tmpdir(), 'slipway-assembly-'));
  await synthesise({ root: join(import.meta.dirname, '..', '..'), outputFolder: assembly, context: {} });
  project.provide('assembly', assembly);
  return () => rm(assembly, { recursive: true });
}
