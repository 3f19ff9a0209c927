import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with the template and its assets. */
    assembly: string;
  }
}

/** Synthesises the app once for all test files, by the program that the CLI starts. */
export default async function synthesise(project: TestProject): Promise<() => Promise<void>> {
  const assembly = await mkdtemp(join(tmpdir(), 'slipway-assembly-'));
  await promisify(execFile)(process.execPath, ['infra/app.ts'], {
    cwd: join(import.meta.dirname, '..', '..'),
    env: { ...process.env, CDK_OUTDIR: assembly },
  });
  project.provide('assembly', assembly);
  return () => rm(assembly, { recursive: true });
}
