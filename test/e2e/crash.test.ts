import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRootFileSystem } from '../../local/demo/root-file-system.ts';
import { createSlipwayClient, isQuestion, type ShownBuild } from '../../local/demo/slipway-client.ts';
import { waitLimit } from '../limits.ts';
import { createWorkingCopy, entry, smallDebian, type WorkingCopy } from './sources.ts';

const root = join(import.meta.dirname, '..', '..');
const running = new Set(['queued', 'building', 'scanning', 'releasing']);

/** `npm run local` as a process of its own, so that it can be killed. */
async function start(data: string, port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(root, 'local/main.ts'), '--data', data, '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const listening = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => lines.push(line));
    }
    child.once('exit', (code) => reject(new Error(`It ended with ${code}:\n${lines.join('\n')}`)));
    const ask = async () => {
      while (child.exitCode === null) {
        const healthy = await fetch(`http://localhost:${port}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        );
        if (healthy) return resolve();
        await delay(100);
      }
    };
    void ask();
  });
  await listening;
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

let folder: string;
let port: number;
let child: ChildProcess;
let copy: WorkingCopy;

async function kill(): Promise<void> {
  child.removeAllListeners('exit');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function until<Value>(what: string, question: () => Promise<Value | undefined>): Promise<Value> {
  const deadline = Date.now() + waitLimit;
  for (;;) {
    const answer = await question();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not happen.`);
    await delay(50);
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-crash-'));
  port = await freePort();
  child = await start(join(folder, 'data'), port);
  const url = `http://localhost:${port}`;
  const machine = { url, gitCredentials: join(folder, 'data', 'git-credentials') };
  const index = await createWorkingCopy(machine, 'slipway/index');
  await index.write({ 'index.d/demo.yml': `Projects:\n${entry(url, 'survivor')}\n` });
  await index.push('Track the survivor');
  await index.remove();
  const client = createSlipwayClient(url, new AbortController().signal);
  await until('the index', async () => (await client.projects()).includes('demo/survivor:latest') || undefined);
  for (const mail of (await client.messages()).filter(isQuestion)) await client.agree(mail.id);
  copy = await createWorkingCopy(machine, 'demo/survivor');
  await makeRootFileSystem({
    archive: join(copy.folder, 'rootfs.tar'),
    workspace: join(folder, 'packages'),
    say: () => undefined,
  });
});

afterAll(async () => {
  child?.removeAllListeners('exit');
  child?.kill('SIGTERM');
  await copy?.remove();
  if (child?.exitCode === null) await once(child, 'exit');
  await rm(folder, { recursive: true, force: true });
});

describe('a kill of the machine', () => {
  const builds = (): Promise<ShownBuild[]> =>
    createSlipwayClient(`http://localhost:${port}`, new AbortController().signal).builds('demo/survivor:latest');

  // What the build waits for, so that the kill comes in the middle of it and not by luck.
  it.each([
    ['while the builder works', `${smallDebian}RUN sleep 3\n`, (build: ShownBuild) => build.status === 'building'],
    ['right after the push', `${smallDebian}RUN sleep 1\n`, () => true],
  ])('%s loses nothing: the build ends, once, with one mail', async (_, dockerfile, isMoment) => {
    await copy.write({ Dockerfile: dockerfile });
    const commit = await copy.push('Survive');
    await until('the moment', async () => {
      const build = (await builds()).find((each) => each.commit === commit);
      return (build && isMoment(build)) || undefined;
    });
    await kill();
    child = await start(join(folder, 'data'), port);

    const build = await until('the end of the build', async () => {
      const found = (await builds()).filter((each) => each.commit === commit);
      expect(found.length).toBeLessThanOrEqual(1);
      return found[0] && !running.has(found[0].status) ? found[0] : undefined;
    });
    expect(build.status, JSON.stringify(build.failure)).toBe('released');
    const client = createSlipwayClient(`http://localhost:${port}`, new AbortController().signal);
    expect(await client.digestOf('demo/survivor', 'latest')).toBe(build.image?.digest);
    const about = async () => {
      const mails = await client.messages();
      const texts = await Promise.all(mails.map(({ id }) => client.mailText(id)));
      return texts.filter((text) => text.includes(`/builds/${build.id}`));
    };
    await until('the mail', async () => (await about()).length > 0 || undefined);
    expect(await about()).toHaveLength(1);
    expect(JSON.parse(await readFile(join(folder, 'data', 'local.json'), 'utf8'))).toMatchObject({
      url: `http://localhost:${port}`,
    });
  });

  it('can be answered by the same data folder only once at a time', async () => {
    await expect(start(join(folder, 'data'), await freePort())).rejects.toThrow(/in use|already|another/i);
  });
});
