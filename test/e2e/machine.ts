import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
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

/** A job whose releases no role of the tests' machines may write: the machine must enforce what the template says. */
export const protectedJob = 'protected';

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

/**
 * A small heap is collected often, which takes an eighth of the processor's time of a test: a machine that ends after minutes has the memory
 * instead.
 */
export const withRoom = ['--max-semi-space-size=32', '--initial-old-space-size=256'];

/** What a process needs to know of its machine. */
export interface ProcessOptions
  extends Pick<MachineOptions, 'assembly' | 'concurrentBuilds' | 'osvFolder' | 'sbomGenerator'> {
  /** The same again after a restart. */
  port?: number;
  /** A file with the outcomes of builds (`test/stand-in/outcomes.ts`): as long as it is there, nothing is really built. */
  outcomes?: string;
}

/**
 * Makes ready a process for a machine in a folder; it may have been used before.
 * @param flags of V8, beside those that npm gives it
 */
export async function forkMachine(
  folder: string,
  options: ProcessOptions,
  flags: readonly string[] = [],
): Promise<MachineProcess> {
  const child = fork(join(import.meta.dirname, 'machine-process.ts'), [folder, JSON.stringify(options)], {
    cwd: root,
    execArgv: [...command.slice(program + 1), ...flags],
    env: { ...process.env, ...Object.fromEntries(variables) },
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`The process of a machine ended with ${code}.`)));
  });
  return { process: child, url };
}

/** The machine ends with its process, when it has stopped. */
export async function endMachine({ process: child }: MachineProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
}
