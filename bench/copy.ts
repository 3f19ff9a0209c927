import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { Registry } from '../services/registry/registry-client.ts';
import { createClient } from '../test/local/registry/registry-client.ts';
import { startRegistryMachine } from '../test/local/registry/registry-machine.ts';
import { atLeast, atMost, median, type Row, rowOf } from './report.ts';

const layerSize = 1024 ** 3;
const rounds = 3;
const repository = 'bench/layer';
const self = fileURLToPath(import.meta.url);
const copyProcess = fileURLToPath(import.meta.resolve('./copy-process.ts'));

type Server = Registry & { owner: string; dataFolder: string; process: ChildProcess };

if (import.meta.main) await serve();

async function serve(): Promise<void> {
  const { url, owner, dataFolder } = await startRegistryMachine();
  process.send?.({ url, owner, dataFolder });
}

async function started(): Promise<Server> {
  const child = spawn(process.execPath, [self], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ url, owner, dataFolder }] = (await once(child, 'message')) as [Record<string, string>];
  if (url === undefined || owner === undefined || dataFolder === undefined)
    throw new Error('The registry did not start');
  const [user = '', password = ''] = Buffer.from(owner.slice('Basic '.length), 'base64').toString().split(':');
  return { url, host: new URL(url).host, credentials: { user, password }, owner, dataFolder, process: child };
}

async function stop({ process: child, dataFolder }: Server): Promise<void> {
  child.kill();
  await once(child, 'exit');
  await rm(dataFolder, { recursive: true, force: true });
}

/** Pushes an image with one layer of bytes that cannot be compressed, and says its digest. */
async function push({ url, owner }: Server): Promise<string> {
  const chunk = randomBytes(1024 * 1024);
  const chunks = function* () {
    for (let done = 0; done < layerSize; done += chunk.length) yield chunk;
  };
  const hash = createHash('sha256');
  for (const each of chunks()) hash.update(each);
  const digest = `sha256:${hash.digest('hex')}`;
  const client = createClient(url, owner);
  const upload = await client.call('POST', `/v2/${repository}/blobs/uploads/`);
  const put = request(new URL(`${upload.headers.location}?digest=${digest}`, url), {
    method: 'PUT',
    headers: { authorization: owner, 'content-length': layerSize },
  });
  const answered = once(put, 'response');
  await pipeline(Readable.from(chunks()), put);
  (await answered)[0].resume();

  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
  await client.pushBlob(repository, config);
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const configDigest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: configDigest, size: config.length },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: layerSize }],
  });
  const answer = await client.putManifest(repository, 'latest', manifest, type);
  if (answer.status !== 201) throw new Error(`The push ended with ${answer.status}`);
  return String(answer.headers['docker-content-digest']);
}

async function bySlipway(from: Server, to: Server, digest: string): Promise<{ seconds: number; memory: number }> {
  const registries = [from, to].map(({ url, host, credentials }) => JSON.stringify({ url, host, credentials }));
  const child = spawn(process.execPath, [copyProcess, ...registries, digest], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [result] = await once(child, 'message');
  return result;
}

async function bySkopeo(from: Server, to: Server): Promise<number> {
  const login = ({ credentials }: Server) => `${credentials?.user}:${credentials?.password}`;
  const start = performance.now();
  const child = spawn(
    'skopeo',
    [
      'copy',
      '--quiet',
      '--preserve-digests',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      '--src-creds',
      login(from),
      '--dest-creds',
      login(to),
      ...[from, to].map(({ host }) => `docker://${host}/${repository}:latest`),
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`skopeo ended with ${code}`);
  return (performance.now() - start) / 1000;
}

/** Copies an image with a layer of 1 GiB from one registry to another, in turn with skopeo. */
export async function run(): Promise<Row[]> {
  const from = await started();
  const digest = await push(from);
  const to = async <Result>(work: (server: Server) => Promise<Result>): Promise<Result> => {
    const server = await started();
    try {
      return await work(server);
    } finally {
      await stop(server);
    }
  };
  const seconds: { skopeo: number; slipway: number }[] = [];
  let memory = 0;
  for (let round = 0; round < rounds; round++) {
    const skopeo = await to((server) => bySkopeo(from, server));
    const own = await to((server) => bySlipway(from, server, digest));
    seconds.push({ skopeo, slipway: own.seconds });
    memory = Math.max(memory, own.memory);
  }
  await stop(from);
  const row = rowOf('copy');
  const mebibytes = layerSize / 1024 ** 2;
  const ratio = median(seconds.map(({ skopeo, slipway }) => skopeo / slipway));
  return [
    row('skopeo copies a layer of 1 GiB', mebibytes / median(seconds.map(({ skopeo }) => skopeo)), 'MiB/s'),
    row('Slipway copies it', mebibytes / median(seconds.map(({ slipway }) => slipway)), 'MiB/s'),
    row("rate in relation to skopeo's", ratio, '', atLeast(0.8, ratio)),
    row('memory of the copying process', memory, 'MiB', atMost(200, memory)),
  ];
}
