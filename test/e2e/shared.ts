import { fork } from 'node:child_process';
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
      /** Answers with a `SharedMachine`; the first question starts it. */
      url: string;
    };
  }
}

/** The machine that most files share, one after the other. */
export interface SharedMachine {
  facts: MachineFacts;
  statements: StatementUse[];
  /** The last that it said. */
  lines: string[];
}

export default async function share(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-shared-'));
  const assembly = join(folder, 'cdk.out');
  await makeAssembly({ outputFolder: assembly, config });
  // What a schedule would start, the tests start when they want it.
  await changeResources(assembly, ({ Type, Properties }) => {
    if (Type === 'AWS::Events::Rule' && Properties.ScheduleExpression) Properties.State = 'DISABLED';
  });

  const machine = fork(join(import.meta.dirname, 'shared-machine.ts'), [join(folder, 'machine'), assembly]);
  const url = await new Promise<string>((resolve, reject) => {
    machine.once('message', resolve);
    machine.once('exit', (code) => reject(new Error(`The machine that the tests share ended with ${code}.`)));
  });
  project.provide('shared', { folder, assembly, url });
  return async () => {
    machine.disconnect();
    await once(machine, 'exit');
    await rm(folder, { recursive: true });
  };
}
