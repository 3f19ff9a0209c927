import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { makeAssembly } from '../../local/assembly.ts';
import type { StatementUse } from '../../local/aws/iam/authority.ts';
import { config, type MachineFacts } from './machine.ts';
import { changeResources } from './template.ts';

declare module 'vitest' {
  interface ProvidedContext {
    shared: {
      /** What is made once for all files. */
      folder: string;
      /** The template of all machines, unless a test needs one of its own. */
      assembly: string;
      /** By worker: answers with its `SharedMachine`; the first question starts it. */
      urls: string[];
    };
  }
}

/** The machine that most files of a worker share, one after the other. */
export interface SharedMachine {
  facts: MachineFacts;
  statements: StatementUse[];
  /** The last that it said. */
  lines: string[];
}

const compileCache = join(import.meta.dirname, '..', '..', 'local', 'compile-cache.js');

export default async function share(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-shared-'));
  const assembly = join(folder, 'cdk.out');
  await makeAssembly({ outputFolder: assembly, config });
  // What a schedule would start, the tests start when they want it.
  await changeResources(assembly, ({ Type, Properties }) => {
    if (Type === 'AWS::Events::Rule' && Properties.ScheduleExpression) Properties.State = 'DISABLED';
  });

  const machines = Array.from({ length: project.config.maxWorkers }, (_, worker) =>
    fork(join(import.meta.dirname, 'shared-machine.ts'), [join(folder, `machine-${worker}`), assembly], {
      execArgv: ['--import', compileCache],
    }),
  );
  project.provide('shared', { folder, assembly, urls: await Promise.all(machines.map(urlOf)) });
  return async () => {
    const ended = machines.map((machine) => once(machine, 'exit'));
    for (const machine of machines) machine.disconnect();
    await Promise.all(ended);
    await rm(folder, { recursive: true });
  };
}

function urlOf(machine: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    machine.once('message', resolve);
    machine.once('exit', (code) => reject(new Error(`A machine that tests share ended with ${code}.`)));
  });
}
