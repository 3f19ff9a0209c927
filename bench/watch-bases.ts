import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Logger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Trigger } from '../core/model/trigger.ts';
import { createCheckRegistries } from '../functions/bases/check-registries.ts';
import { createWatchedImages } from '../functions/bases/watched-images.ts';
import { createWatchBases } from '../functions/watch-bases.ts';
import { createPublicFetch } from '../services/http/public-fetch.ts';
import { createBaseWatchLock } from '../services/tables/base-watch-lock.ts';
import { createBases } from '../services/tables/bases.ts';
import { writeItems } from '../services/tables/batches.ts';
import { createDependents } from '../services/tables/dependents.ts';
import { createProjects } from '../services/tables/projects.ts';
import { sampleProject } from '../test/core/sample-project.ts';
import { startTables } from '../test/services/tables.ts';
import { peakMemory } from './peak-memory.ts';
import { atLeast, atMost, type Row } from './report.ts';

const projectCount = 10_000;
const baseCount = 200;
const changedCount = 20;
const self = fileURLToPath(import.meta.url);
const digestOf = (at: number, version: number) => `sha256:${(at * 10 + version).toString(16).padStart(64, '0')}`;

if (import.meta.main) await serve();

/** The tables, and a registry that counts its requests; some of its images change between the runs. */
async function serve(): Promise<void> {
  const { client } = await startTables();
  let requests = 0;
  let version = 0;
  const registry = createServer(({ method, url = '' }, response) => {
    const [, at] = /^\/v2\/base(\d+)\/manifests\/latest$/.exec(url) ?? [];
    requests += 1;
    if (method !== 'HEAD' || at === undefined) return response.writeHead(404).end();
    const digest = digestOf(Number(at), Number(at) < changedCount ? version : 0);
    return response.writeHead(200, { 'docker-content-digest': digest }).end();
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  process.on('message', () => {
    process.send?.({ requests });
    requests = 0;
    version += 1;
  });
  const { hostname, port } = (await client.config.endpoint?.()) ?? {};
  process.send?.({
    tables: `http://${hostname}:${port}`,
    host: `127.0.0.1:${(registry.address() as AddressInfo).port}`,
  });
}

/** Checks the base images of many projects twice; before the second run some have changed. */
export async function run(): Promise<Row[]> {
  const server = spawn(process.execPath, [self], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const said = async () => (await once(server, 'message'))[0] as Record<string, string>;
  const { tables = '', host = '' } = await said();
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({ endpoint: tables, region: 'us-east-1', credentials }),
    { marshallOptions: { removeUndefinedValues: true } },
  );
  const names = Array.from({ length: projectCount }, (_, at) => ({ name: `demo/app${at}:latest`, at }));
  await writeItems(
    client,
    'projects',
    names.map(({ name }) => sampleProject(name)),
  );
  await writeItems(
    client,
    'dependents',
    names.map(({ name, at }) => ({ image: `${host}/base${at % baseCount}:latest`, project: name, observed: 'x' })),
  );

  const sent: Trigger[] = [];
  const logger = new Logger({ serviceName: 'bench', logLevel: 'SILENT' });
  const bases = createBases(client, 'bases');
  const watchBases = createWatchBases({
    bases,
    openLock: (holder) => createBaseWatchLock(client, 'bases', holder),
    ownRegistry: async () => ({ host: 'registry.example', url: 'https://registry.example' }),
    watchedImages: createWatchedImages({
      dependents: createDependents(client, 'dependents'),
      projects: createProjects(client, 'projects'),
      repositoryPrefix: '',
    }),
    checkRegistries: createCheckRegistries({
      bases,
      pullCredentials: async () => undefined,
      fetchBeside: () => createPublicFetch({ privateHosts: ['127.0.0.1'] }),
      logger,
    }),
    triggers: { send: async (trigger) => void sent.push(trigger) },
    logger,
  });
  const memoryBefore = await peakMemory();
  const rows: Row[] = [];
  const row = (figure: string, value: number, unit: string) => ({ benchmark: 'watch-bases', figure, value, unit });
  for (const run of ['first run', `run with ${changedCount} new digests`]) {
    const start = performance.now();
    await watchBases(new Date(Date.now() + 240_000), 'bench');
    rows.push(row(`${run}, ${projectCount} projects on ${baseCount} bases`, (performance.now() - start) / 1000, 's'));
    server.send('count');
    const requests = Number((await said()).requests);
    rows.push({ ...row(`${run}: requests at the registry`, requests, ''), ...exactly(baseCount, requests) });
  }
  const changes = sent.flatMap((trigger) => (trigger.type === 'bases-changed' ? trigger.bases : []));
  rows.push({ ...row('triggers', sent.length, ''), ...exactly(1, sent.length) });
  rows.push({ ...row('new digests in it', changes.length, ''), ...exactly(changedCount, changes.length) });
  const grown = (await peakMemory()) - memoryBefore;
  rows.push({ ...row('memory that both runs took', grown, 'MiB'), ...atMost(128, grown) });
  client.destroy();
  server.kill();
  await once(server, 'exit');
  return rows;
}

function exactly(bound: number, value: number) {
  return {
    ...atMost(bound, value),
    kept: atMost(bound, value).kept && atLeast(bound, value).kept,
    bound: `= ${bound}`,
  };
}
