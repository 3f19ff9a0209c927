/** The machine that most files share: a process of its own, as `npm run local` is. It ends with the process that started it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exampleRecords } from '../../local/demo/sources.ts';
import type { Machine } from '../../local/machine.ts';
import { factsOf, startTestMachine } from './machine.ts';
import type { SharedMachine } from './shared.ts';

const [folder = '', assembly = ''] = process.argv.slice(2);
const lines: string[] = [];
let starting: Promise<Machine> | undefined;

const server = createServer(async (_, response) => {
  starting ??= startTestMachine(folder, { assembly, osvFolder: exampleRecords }, lines);
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
server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));

process.on('disconnect', async () => {
  await (await starting)?.stop();
  process.exit();
});
