import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { startRegistryMachine } from '../test/local/registry/registry-machine.ts';
import { peakMemory } from './peak-memory.ts';
import { atLeast, atMost, type Row, rowOf } from './report.ts';

const benchmark = 'registry';
const mebibyte = 1024 ** 2;
const layerSize = 2048 * mebibyte;
const smallSize = 8 * mebibyte;
/** As many machines may begin to run a release at once. */
const pullers = 64;
const self = fileURLToPath(import.meta.url);
const chunk = randomBytes(mebibyte);

interface Served {
  url: string;
  folder: string;
  /** What lets its owner in. */
  authorization?: string;
}

if (import.meta.main) process.send?.(await (process.argv[2] === 'files' ? serveFiles() : serveRegistry()));

async function serveRegistry(): Promise<Served> {
  const { url, owner, dataFolder } = await startRegistryMachine();
  return { url, folder: dataFolder, authorization: owner };
}

/** The least that takes a file over HTTP and gives it back. */
async function serveFiles(): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-files-'));
  const file = join(folder, 'file');
  const server = createServer((incoming, response) => {
    if (incoming.method === 'GET') return void pipeline(createReadStream(file), response);
    void pipeline(incoming, createWriteStream(file)).then(() => response.writeHead(201).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, folder };
}

/**
 * Pushes and pulls one layer of 2 GiB, as fast as a file over HTTP would go there and back, and has many pull a small one at once. Each
 * server is a process of its own, so that its memory is.
 */
export async function run(): Promise<Row[]> {
  const plain = await withServer(['files'], async ({ url }) => ({
    push: await secondsOf(() => put(url, layerSize, {})),
    pull: await secondsOf(() => get(url, {})),
  }));
  const ours = await withServer([], async ({ url, authorization = '' }, { pid }) => {
    const headers = { authorization };
    const before = await peakMemory(String(pid));
    const digest = digestOf(layerSize);
    const push = await secondsOf(() => pushLayer(url, digest, layerSize, headers));
    const pull = await secondsOf(() => pullLayer(url, digest, headers));
    const grown = (await peakMemory(String(pid))) - before;
    const small = digestOf(smallSize);
    await pushLayer(url, small, smallSize, headers);
    const one = await secondsOf(() => pullLayer(url, small, headers));
    const all = await secondsOf(() =>
      Promise.all(Array.from({ length: pullers }, () => pullLayer(url, small, headers))),
    );
    return { push, pull, grown, perPull: all / pullers / one };
  });
  const row = rowOf(benchmark);
  const against = (figure: string, seconds: number, plainSeconds: number) => [
    row(`${figure} of a layer of 2 GiB`, layerSize / mebibyte / seconds, 'MiB/s'),
    row(`${figure}, rate against a file`, plainSeconds / seconds, '×', atLeast(0.8, plainSeconds / seconds)),
  ];
  return [
    ...against('push', ours.push, plain.push),
    ...against('pull', ours.pull, plain.pull),
    // Buffers that the garbage collector has not freed yet; their size does not depend on the layer.
    row('memory that both took', ours.grown, 'MiB', atMost(256, ours.grown)),
    row(`each of ${pullers} pulls of 8 MiB at once, against one alone`, ours.perPull, '×', atMost(1.25, ours.perPull)),
  ];
}

async function withServer<Result>(
  args: string[],
  work: (served: Served, server: ChildProcess) => Promise<Result>,
): Promise<Result> {
  const server = spawn(process.execPath, [self, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [served] = (await once(server, 'message')) as [Served];
  try {
    return await work(served, server);
  } finally {
    server.kill();
    await once(server, 'exit');
    await rm(served.folder, { recursive: true, force: true });
  }
}

async function pushLayer(url: string, digest: string, size: number, headers: Record<string, string>): Promise<void> {
  const upload = await fetch(`${url}/v2/bench/layer/blobs/uploads/`, { method: 'POST', headers });
  await put(new URL(`${upload.headers.get('location')}?digest=${digest}`, url), size, headers);
}

async function pullLayer(url: string, digest: string, headers: Record<string, string>): Promise<void> {
  const pulled = await get(`${url}/v2/bench/layer/blobs/${digest}`, headers);
  if (pulled !== digest) throw new Error('The layer came back changed');
}

async function put(url: string | URL, size: number, headers: Record<string, string>): Promise<void> {
  const sent = request(url, { method: 'PUT', headers: { ...headers, 'content-length': size } });
  const answered = once(sent, 'response');
  await pipeline(Readable.from(chunksOf(size)), sent);
  const [answer] = await answered;
  if (answer.statusCode !== 201) throw new Error(`The push ended with ${answer.statusCode}`);
  answer.resume();
}

async function get(url: string, headers: Record<string, string>): Promise<string> {
  const answer = await fetch(url, { headers });
  const hash = createHash('sha256');
  for await (const part of answer.body ?? []) hash.update(part);
  return `sha256:${hash.digest('hex')}`;
}

function* chunksOf(size: number): Generator<Buffer> {
  for (let done = 0; done < size; done += chunk.length) yield chunk;
}

function digestOf(size: number): string {
  const hash = createHash('sha256');
  for (const part of chunksOf(size)) hash.update(part);
  return `sha256:${hash.digest('hex')}`;
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}
