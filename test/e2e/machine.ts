import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StatementUse } from '../../local/aws/iam/authority.ts';
import type { Machine, MachineOptions } from '../../local/machine.ts';
import npm from '../../package.json' with { type: 'json' };
import type { VariableName } from '../../services/environment.ts';
import { waitLimit } from '../limits.ts';

/**
 * How the tests' machines are configured: with an image for scripts before builds, and a time for builds that is not the usual one. As
 * variables in the template they need no synthesis of their own.
 */
export const configured = {
  PREBUILD_IMAGE: 'demo/tools:latest',
  BUILD_TIMEOUT_SECONDS: String(waitLimit / 1000),
} satisfies Partial<Record<VariableName, string>>;

/** What people know of a machine. */
export type MachineFacts = Pick<
  Machine,
  | 'url'
  | 'dataFolder'
  | 'indexRepository'
  | 'webhookMaster'
  | 'gitHubToken'
  | 'password'
  | 'gitCredentials'
  | 'credentials'
  | 'outputs'
> & { endpoint: string; region: string };

export const factsOf = ({ account, stop: _, ...facts }: Machine): MachineFacts => ({
  ...facts,
  endpoint: account.endpoint,
  region: account.region,
});

/** What the process of a machine answers (`machine-process.ts`). */
export interface MachineAnswer {
  facts: MachineFacts;
  statements: StatementUse[];
  /** The last that it said. */
  lines: string[];
}

/** A machine in a process of its own, as `npm run local` is. It starts when its address is first asked. */
export interface MachineProcess {
  process: ChildProcess;
  /** Answers with a `MachineAnswer`; below `/keys/`, with the keys of a role. */
  url: string;
}

/** How npm starts a machine: variables, `node`, and its options, whose paths are from the root. */
const command = npm.config.machine.split(' ');
const program = command.indexOf('node');
const variables = command.slice(0, program).map((each) => each.split('='));
const root = join(import.meta.dirname, '..', '..');

/** What a process needs to know of its machine. */
export interface ProcessOptions extends Pick<MachineOptions, 'assembly' | 'concurrentBuilds'> {
  /** The same again after a restart. */
  port?: number;
  /** A file with the outcomes of builds (`test/stand-in/outcomes.ts`): then nothing is really built. */
  outcomes?: string;
}

/** Makes ready a process for a machine in a folder; it may have been used before. */
export async function forkMachine(folder: string, options: ProcessOptions): Promise<MachineProcess> {
  const child = fork(join(import.meta.dirname, 'machine-process.ts'), [folder, JSON.stringify(options)], {
    cwd: root,
    execArgv: command.slice(program + 1),
    env: { ...process.env, ...Object.fromEntries(variables) },
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`The process of a machine ended with ${code}.`)));
  });
  return { process: child, url };
}

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
  await mkdir(programs, { recursive: true });
  await writeFile(join(programs, 'trivy'), '#!/bin/sh\necho "this test makes no SBOMs" >&2\nexit 1\n', { mode: 0o755 });
  return programs;
}
