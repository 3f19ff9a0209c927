/** A machine as a process of its own, as `npm run local` is. It ends with the process that started it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exampleRecords } from '../../local/demo/sources.ts';
import type { Machine } from '../../local/machine.ts';
import { createStandIn } from '../stand-in/run-build.ts';
import { factsOf, type MachineAnswer, type ProcessOptions, startTestMachine } from './machine.ts';

const [folder = '', given = ''] = process.argv.slice(2);
const { outcomes, ...options } = JSON.parse(given) as ProcessOptions;
const builder = outcomes === undefined ? {} : { runBuild: createStandIn(outcomes) };
const lines: string[] = [];
let starting: Promise<Machine> | undefined;

const server = createServer(async ({ url = '' }, response) => {
  starting ??= startTestMachine(folder, { ...options, ...builder, osvFolder: exampleRecords }, lines);
  try {
    const { account, ...machine } = await starting;
    const [, role] = /^\/keys\/(.+)$/.exec(url) ?? [];
    const answer: MachineAnswer = {
      facts: factsOf({ account, ...machine }),
      statements: account.iam.usedStatements(),
      lines: lines.slice(-40),
    };
    response.end(JSON.stringify(role ? account.iam.keysOf(decodeURIComponent(role)) : answer));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));

process.on('disconnect', async () => {
  await (await starting)?.stop();
  process.exit();
});
