import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Logger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Trigger } from '../core/model/trigger.ts';
import { sourceOf } from '../core/sources/source.ts';
import { createWatchSources } from '../functions/watch-sources.ts';
import { createSourceHost } from '../services/git-host/git-remote.ts';
import { createProjectSources } from '../services/git-host/project-sources.ts';
import { createPublicFetch } from '../services/http/public-fetch.ts';
import { writeItems } from '../services/tables/batches.ts';
import { createHeads } from '../services/tables/heads.ts';
import { createIndexHead } from '../services/tables/index-head.ts';
import { createProjects } from '../services/tables/projects.ts';
import { createSources } from '../services/tables/sources.ts';
import { sampleProject } from '../test/core/sample-project.ts';
import { startTables } from '../test/services/tables.ts';
import { peakMemory } from './peak-memory.ts';
import { atMost, type Row } from './report.ts';

const repositories = 5000;
/** As many projects are built from one repository as from any other. */
const projectsPerRepository = 2;
const hosts = 5;
/** One in a hundred answers slowly, and one in fifty is not there. */
const slowMilliseconds = 1000;
const moved = 25;
const self = fileURLToPath(import.meta.url);
const main = 'refs/heads/main';
const commitOf = (at: number, version: number) => (at * 10 + version + 1).toString(16).padStart(40, '0');
const packetLine = (text: string) => `${(text.length + 4).toString(16).padStart(4, '0')}${text}`;

if (import.meta.main) await serve();

/** The tables, and git hosts that count their requests. Before the second run some repositories get new commits. */
async function serve(): Promise<void> {
  const { client } = await startTables();
  const counts = { requests: 0, unreachable: 0, connections: 0 };
  let version = 0;

  function answer({ method, url = '' }: IncomingMessage, response: ServerResponse): void {
    counts.requests += 1;
    const at = Number(/^\/demo\/app(\d+)\.git\//.exec(url)?.[1]);
    if (at % 50 === 7) return void response.writeHead(404).end();
    const answerNow = () => {
      if (method === 'GET') {
        response.setHeader('content-type', 'application/x-git-upload-pack-advertisement');
        return response.end(`${packetLine('version 2\n')}${packetLine('ls-refs=unborn\n')}0000`);
      }
      response.setHeader('content-type', 'application/x-git-upload-pack-result');
      const tags = [1, 2, 3].map((tag) => packetLine(`${commitOf(at, 5)} refs/tags/v1.0.${tag}\n`)).join('');
      const commit = commitOf(at, at < moved ? version : 0);
      return response.end(`${packetLine(`${commit} ${main}\n`)}${tags}0000`);
    };
    if (at % 100 === 3) setTimeout(answerNow, slowMilliseconds);
    else answerNow();
  }

  const ports: number[] = [];
  for (let host = 0; host < hosts; host++) {
    const server = createServer(answer).on('connection', () => (counts.connections += 1));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ports.push((server.address() as AddressInfo).port);
  }
  // The last of the hosts takes connections and says nothing more.
  const unreachable = createServer(() => (counts.unreachable += 1));
  await new Promise<void>((resolve) => unreachable.listen(0, '127.0.0.1', resolve));
  ports.push((unreachable.address() as AddressInfo).port);
  process.on('message', () => {
    process.send?.({ ...counts });
    Object.assign(counts, { requests: 0, unreachable: 0, connections: 0 });
    version += 1;
  });
  const { hostname, port } = (await client.config.endpoint?.()) ?? {};
  process.send?.({ tables: `http://${hostname}:${port}`, ports });
}

/** Queries the heads of 5,000 repositories on five hosts and an unreachable one, twice: first all are new, then only a few. */
export async function run(): Promise<Row[]> {
  const server = spawn(process.execPath, [self], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ tables, ports }] = (await once(server, 'message')) as [{ tables: string; ports: number[] }];
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({ endpoint: tables, region: 'us-east-1', credentials }),
    { marshallOptions: { removeUndefinedValues: true } },
  );
  const projects = Array.from({ length: repositories * projectsPerRepository }, (_, number) => {
    const at = number % repositories;
    // One in ten is on the unreachable host.
    const port = at % 10 === 9 ? ports.at(-1) : ports[at % hosts];
    const gitUrl = `http://127.0.0.1:${port}/demo/app${at}.git`;
    const jobId = `app${number}`;
    return {
      at,
      project: sampleProject(`demo/${jobId}:latest`, { gitUrl, source: sourceOf(gitUrl) }),
    };
  });
  await writeItems(
    client,
    'projects',
    projects.map(({ project }) => project),
  );
  await writeItems(
    client,
    'heads',
    projects.map(({ at, project }) => ({
      project: project.name,
      ref: main,
      commit: commitOf(at, 0),
      revision: 1,
    })),
  );

  const sent: Trigger[] = [];
  const index = `http://127.0.0.1:${ports[0]}/demo/app0`;
  const sourceHost = createSourceHost(createPublicFetch({ privateHosts: ['127.0.0.1'] }));
  const watchSources = createWatchSources({
    projects: createProjects(client, 'projects'),
    heads: createHeads(client, 'heads'),
    indexHead: createIndexHead(client, 'deliveries'),
    sources: createSources(client, 'sources'),
    triggers: { send: async (trigger) => void sent.push(trigger) },
    refsOf: sourceHost.refsOf,
    projectSources: createProjectSources(sourceHost, async () => undefined),
    index: { url: `${index}.git`, source: sourceOf(index), ref: 'refs/heads/index' },
    indexAuthorization: async () => undefined,
    notifyUnreadable: async () => undefined,
    logger: new Logger({ serviceName: 'bench', logLevel: 'SILENT' }),
  });
  const rows: Row[] = [];
  const row = (figure: string, value: number, unit = '') => ({ benchmark: 'watch-sources', figure, value, unit });
  const memoryBefore = await peakMemory();
  for (const run of ['first run', 'second run']) {
    const start = performance.now();
    const report = await watchSources(new Date(Date.now() + 540_000));
    const seconds = (performance.now() - start) / 1000;
    server.send('count');
    const [counts] = (await once(server, 'message')) as [Record<'requests' | 'unreachable' | 'connections', number>];
    // As long as Lambda gives; a run comes every ten minutes.
    rows.push({ ...row(`${run} over ${repositories} repositories`, seconds, 's'), ...atMost(540, seconds) });
    // Each host is asked once which protocol it speaks.
    const bound = repositories + 8 * hosts;
    rows.push({ ...row(`${run}: requests`, counts.requests), ...atMost(bound, counts.requests) });
    rows.push({
      ...row(`${run}: requests at the unreachable host`, counts.unreachable),
      ...atMost(3, counts.unreachable),
    });
    rows.push(row(`${run}: connections`, counts.connections), row(`${run}: triggers`, report.triggers));
  }
  const grown = (await peakMemory()) - memoryBefore;
  rows.push({ ...row('memory that both runs took', grown, 'MiB'), ...atMost(512, grown) });
  client.destroy();
  server.kill();
  await once(server, 'exit');
  return rows;
}
