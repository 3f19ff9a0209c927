/** A machine as a process of its own, as `npm run local` is. It ends with the process that started it. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type RunBuild, runBuild } from '../../local/aws/codebuild/run.ts';
import { exampleRecords } from '../../local/demo/sources.ts';
import { type Machine, startMachine } from '../../local/machine.ts';
import { createStandIn } from '../stand-in/run-build.ts';
import type { MachineAnswer, MachineFacts, ProcessOptions } from './machine.ts';

const [folder = '', given = ''] = process.argv.slice(2);
const { outcomes, ...options } = JSON.parse(given) as ProcessOptions;
const lines: string[] = [];
let starting: Promise<Machine> | undefined;

const server = createServer(async ({ url = '' }, response) => {
  starting ??= start();
  try {
    const machine = await starting;
    const { iam } = machine.account;
    const [, role] = /^\/keys\/(.+)$/.exec(url) ?? [];
    const answer: MachineAnswer = {
      facts: factsOf(machine),
      statements: iam.usedStatements(),
      lines: lines.slice(-40),
    };
    response.end(JSON.stringify(role ? iam.keysOf(decodeURIComponent(role)) : answer));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));

process.on('disconnect', async () => {
  await (await starting)?.stop();
  process.exit();
});

async function start(): Promise<Machine> {
  await mkdir(folder, { recursive: true });
  return startMachine({
    dataFolder: join(folder, 'data'),
    port: 0,
    scanner: 'records',
    sbomGenerator: await withoutSboms(),
    osvFolder: exampleRecords,
    runBuild: outcomes === undefined ? undefined : standInWhile(outcomes),
    // What is built here was written here.
    trustsBuilds: true,
    output: (line) => lines.push(line),
    ...options,
  });
}

function standInWhile(outcomes: string): RunBuild {
  const standIn = createStandIn(outcomes);
  return (build, parts) => (existsSync(outcomes) ? standIn : runBuild)(build, parts);
}

/** Trivy takes two seconds of each build only to start: tests that are about something else do without. */
async function withoutSboms(): Promise<string> {
  const programs = join(folder, 'programs');
  await mkdir(programs, { recursive: true });
  await writeFile(join(programs, 'trivy'), '#!/bin/sh\necho "this test makes no SBOMs" >&2\nexit 1\n', { mode: 0o755 });
  return programs;
}

function factsOf({ account, stop: _, ...facts }: Machine): MachineFacts {
  return { ...facts, endpoint: account.endpoint, region: account.region };
}
