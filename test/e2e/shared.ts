import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { makeAssembly } from '../../local/assembly.ts';
import type { StatementUse } from '../../local/aws/iam/authority.ts';
import { exampleRecords } from '../../local/demo/sources.ts';
import type { Machine } from '../../local/machine.ts';
import { config, factsOf, type MachineFacts, startTestMachine } from './machine.ts';
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

  const lines: string[] = [];
  let starting: Promise<Machine> | undefined;
  const server = createServer(async (_, response) => {
    starting ??= startTestMachine(join(folder, 'machine'), { assembly, osvFolder: exampleRecords }, lines);
    try {
      const machine = await starting;
      const answer: SharedMachine = {
        facts: factsOf(machine),
        statements: machine.account.iam.usedStatements(),
        lines: lines.slice(-40),
      };
      response.end(JSON.stringify(answer));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  project.provide('shared', { folder, assembly, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  return async () => {
    server.closeAllConnections();
    server.close();
    await (await starting)?.stop();
    await rm(folder, { recursive: true });
  };
}
