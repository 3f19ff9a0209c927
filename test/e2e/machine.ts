import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine, MachineOptions } from '../../local/machine.ts';
import { waitLimit } from '../limits.ts';

/** How the tests' machines are configured: with an image for scripts before builds, and a time for builds that is not the usual one. */
export const config = { build: { prebuildImage: 'demo/tools:latest', timeoutSeconds: waitLimit / 1000 } };

/** What people know of a machine. */
export type MachineFacts = Pick<
  Machine,
  | 'url'
  | 'dataFolder'
  | 'indexRepository'
  | 'webhookMaster'
  | 'gitHubToken'
  | 'gitCredentials'
  | 'credentials'
  | 'outputs'
> & { endpoint: string; region: string };

export const factsOf = ({ account, stop: _, ...facts }: Machine): MachineFacts => ({
  ...facts,
  endpoint: account.endpoint,
  region: account.region,
});

/** Starts a machine in a folder; what it says comes to the lines. */
export async function startTestMachine(
  folder: string,
  options: Partial<MachineOptions>,
  lines: string[],
): Promise<Machine> {
  const { startMachine } = await import('../../local/machine.ts');
  await mkdir(folder, { recursive: true });
  return startMachine({
    dataFolder: join(folder, 'data'),
    port: 0,
    scanner: 'records',
    sbomGenerator: await withoutSboms(folder),
    // What is built here was written here.
    trustsBuilds: true,
    output: (line) => lines.push(line),
    ...options,
  });
}

/** Trivy takes two seconds of each build only to start: tests that are about something else do without. */
async function withoutSboms(folder: string): Promise<string> {
  const programs = join(folder, 'programs');
  await mkdir(programs);
  await writeFile(join(programs, 'trivy'), '#!/bin/sh\necho "this test makes no SBOMs" >&2\nexit 1\n', { mode: 0o755 });
  return programs;
}
