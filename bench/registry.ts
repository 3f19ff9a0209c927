import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { startRegistryMachine } from '../test/local/registry/registry-machine.ts';
import { peakMemory } from './peak-memory.ts';
import { atMost, type Row } from './report.ts';

const layerSize = 2 * 1024 ** 3;
const self = fileURLToPath(import.meta.url);

if (import.meta.main) await serve();

async function serve(): Promise<void> {
  const machine = await startRegistryMachine();
  process.send?.({ url: machine.url, owner: machine.owner, dataFolder: machine.dataFolder });
}

/** Pushes and pulls one layer of 2 GiB, and says what the registry's own process took in memory. */
export async function run(): Promise<Row[]> {
  const server = spawn(process.execPath, [self], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ url, owner, dataFolder }] = (await once(server, 'message')) as [Record<string, string>];
  if (url === undefined || owner === undefined || dataFolder === undefined)
    throw new Error('The registry did not start');
  const headers = { authorization: owner };
  const before = await peakMemory(String(server.pid));

  const chunk = randomBytes(1024 * 1024);
  const hash = createHash('sha256');
  for (let done = 0; done < layerSize; done += chunk.length) hash.update(chunk);
  const digest = `sha256:${hash.digest('hex')}`;
  const chunks = Readable.from(
    (function* () {
      for (let done = 0; done < layerSize; done += chunk.length) yield chunk;
    })(),
  );

  const pushStart = performance.now();
  const upload = await fetch(`${url}/v2/bench/layer/blobs/uploads/`, { method: 'POST', headers });
  const put = request(new URL(`${upload.headers.get('location')}?digest=${digest}`, url), {
    method: 'PUT',
    headers: { ...headers, 'content-length': layerSize },
  });
  const answered = once(put, 'response');
  await pipeline(chunks, put);
  const [answer] = await answered;
  if (answer.statusCode !== 201) throw new Error(`The push ended with ${answer.statusCode}`);
  answer.resume();
  const pushSeconds = (performance.now() - pushStart) / 1000;

  const pullStart = performance.now();
  const pulled = await fetch(`${url}/v2/bench/layer/blobs/${digest}`, { headers });
  const check = createHash('sha256');
  for await (const part of pulled.body ?? []) check.update(part);
  if (`sha256:${check.digest('hex')}` !== digest) throw new Error('The layer came back changed');
  const pullSeconds = (performance.now() - pullStart) / 1000;

  const grown = (await peakMemory(String(server.pid))) - before;
  server.kill();
  await once(server, 'exit');
  await rm(dataFolder, { recursive: true, force: true });
  const row = (figure: string, value: number, unit: string) => ({ benchmark: 'registry', figure, value, unit });
  const mebibytes = layerSize / 1024 ** 2;
  return [
    row('push of a layer of 2 GiB', mebibytes / pushSeconds, 'MiB/s'),
    row('pull of a layer of 2 GiB', mebibytes / pullSeconds, 'MiB/s'),
    // Buffers that the garbage collector has not freed yet; their size does not depend on the layer.
    { ...row('memory that both took', grown, 'MiB'), ...atMost(256, grown) },
  ];
}
