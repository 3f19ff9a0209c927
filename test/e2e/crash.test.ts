import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { runningCommands } from '../running-commands.ts';
import { endMachine, forkMachine, type MachineProcess, withRoom } from './machine.ts';
import { machineAt, type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;
let machine: MachineProcess;

/** Of those that the system gives nobody by itself: it is still free after a kill. */
function portToKeep(port = 20_000 + Math.floor(Math.random() * 10_000)): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(portToKeep()));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });
}

/** Starts the machine in its folder. */
async function start(folder: string, port: number) {
  machine = await forkMachine(join(folder, 'machine'), { assembly: inject('shared').assembly, port }, withRoom);
  return machineAt(machine.url);
}

async function killAndStart(): Promise<void> {
  const ended = once(machine.process, 'exit');
  machine.process.kill('SIGKILL');
  await ended;
  const { facts } = await start(slipway.folder, Number(new URL(slipway.machine.url).port));
  expect(facts.url).toBe(slipway.machine.url);
}

beforeAll(async () => {
  const port = await portToKeep();
  slipway = await startSlipway((folder) => start(folder, port));
  await slipway.track(slipway.entry('survivor'));
});
afterAll(async () => {
  await endMachine(machine);
  await slipway?.stop();
});

it('a machine that is killed right after a push, and again while the builder works, loses nothing: the build ends, once, with one mail', async () => {
  const commit = await slipway.pushSource('survivor', { Dockerfile: `${smallDebian}RUN sleep 4.0625\n` });
  const builds = async () => (await slipway.builds('survivor')).filter((build) => build.commit === commit);
  await slipway.until('the record of the build', async () => (await builds())[0]);
  await killAndStart();
  await slipway.until(
    'the instruction that sleeps',
    async () => (await runningCommands()).includes('sleep 4.0625') || undefined,
  );
  await killAndStart();

  const build = await slipway.ended('survivor', commit);
  expect(build.status, JSON.stringify(build.failure)).toBe('released');
  expect(await builds()).toHaveLength(1);
  expect(await slipway.client.digestOf('demo/survivor', 'latest')).toBe(build.image?.digest);
  expect(await slipway.mails('survivor', 1)).toHaveLength(1);
});
