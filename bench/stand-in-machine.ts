import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeAssembly } from '../local/assembly.ts';
import { forkMachine, type MachineAnswer, type MachineFacts, type MachineProcess } from '../test/e2e/machine.ts';
import { createWorkingCopy, type Files } from '../test/e2e/sources.ts';

export interface StandInOptions {
  /** The images that each project is built on, by its name. */
  bases: Readonly<Record<string, readonly string[]>>;
  /** How long a build takes. */
  seconds?: number;
  build?: Record<string, unknown>;
  concurrentBuilds?: number;
}

/** A machine in a process of its own whose builds take their time and their bases from a table (`test/stand-in/`). */
export async function startStandInMachine(folder: string, options: StandInOptions) {
  const { bases, seconds = 0, build, concurrentBuilds = 4 } = options;
  const assembly = join(folder, 'cdk.out');
  const outcomes = join(folder, 'outcomes.json');
  const projects = Object.entries(bases).map(([name, own]) => [name, { seconds, bases: own }]);
  await writeFile(outcomes, JSON.stringify({ usual: { seconds }, projects: Object.fromEntries(projects) }));
  await makeAssembly({ outputFolder: assembly, config: build && { build } });
  let machine: MachineProcess;
  /** Of the processes that were killed. */
  let earlierSeconds = 0;

  async function start(port: number): Promise<MachineFacts> {
    machine = await forkMachine(join(folder, 'machine'), { assembly, outcomes, port, concurrentBuilds });
    const answer = await fetch(machine.url);
    if (!answer.ok) throw new Error(await answer.text());
    return ((await answer.json()) as MachineAnswer).facts;
  }

  const facts = await start(0);
  return {
    facts,

    /** What the machine has in memory, in MB: its own process and the scanner's, without the stand-in of the builder. */
    megabytes: (): number => memoryOf(machine.process.pid ?? 0),

    /** The processor's time that the machine has used, the scanner and git with it, without the stand-in of the builder. */
    processorSeconds: (): number => earlierSeconds + processorSecondsOf(machine.process.pid ?? 0),

    async killAndStart(): Promise<void> {
      const ended = once(machine.process, 'exit');
      earlierSeconds += processorSecondsOf(machine.process.pid ?? 0);
      machine.process.kill('SIGKILL');
      await ended;
      await start(Number(new URL(facts.url).port));
    },

    async push(repository: string, files: Files): Promise<void> {
      const copy = await createWorkingCopy(facts, repository);
      await copy.write(files);
      await copy.push('Change');
      await copy.remove();
    },

    /** Undefined where the machine has too much to do to answer in time. */
    async ask<Answer>(path: string): Promise<Answer | undefined> {
      const answer = await fetch(new URL(path, facts.url));
      const text = await answer.text();
      if (answer.ok) return JSON.parse(text) as Answer;
      process.stderr.write(`  ${path}: ${answer.status} ${text}\n`);
      return undefined;
    },

    async stop(): Promise<void> {
      const ended = once(machine.process, 'exit');
      machine.process.disconnect();
      await ended;
    },
  };
}

export type StandInMachine = Awaited<ReturnType<typeof startStandInMachine>>;

function memoryOf(pid: number): number {
  const own = Number(/^Pss:\s+(\d+) kB/m.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1000;
  const children = textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  const theirs = children.filter((child) => !textOf(`/proc/${child}/cmdline`).includes('stand-in'));
  return theirs.reduce((sum, child) => sum + memoryOf(child), own);
}

/** In hundredths: utime, stime, and both of the children that have ended. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function processorSecondsOf(pid: number): number {
  const fields = textOf(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) / 100, 0);
}

/** Empty where the process, a short one of git for instance, has just ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
