import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createNodeMiddleware, Webhooks } from '@octokit/webhooks';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { createGithubWebhook } from '../functions/github-webhook.ts';
import { atLeast, median, quantile, type Row } from './report.ts';
import { benchSecret, examplePushes, largePush, measure, signedRequests } from './webhook-load.ts';

const path = '/webhooks/github';
const rounds = 3;

/**
 * The webhook's handler without Lambda and without a queue, beside the Node middleware of `@octokit/webhooks` with a handler that does
 * nothing: the same payloads and signatures, each behind a bare `node:http` server, in turn.
 */
export async function run(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [label, events, bound] of [
    ['7 kB', examplePushes(), 1.3],
    ['200 kB', [largePush()], 1],
  ] as const) {
    const requests = await signedRequests(path, events);
    const rates = { slipway: [] as number[], octokit: [] as number[], ratio: [] as number[], p99: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      const slipway = await rateOf(slipwayListener(), requests);
      const octokit = await rateOf(octokitListener(), requests);
      rates.slipway.push(slipway.rate);
      rates.octokit.push(octokit.rate);
      rates.p99.push(slipway.p99);
      rates.ratio.push(slipway.rate / octokit.rate);
    }
    const ratio = median(rates.ratio);
    rows.push(
      { benchmark: 'webhook handler', figure: `${label}: requests`, value: median(rates.slipway), unit: '/s' },
      {
        benchmark: 'webhook handler',
        figure: `${label}: requests, @octokit/webhooks`,
        value: median(rates.octokit),
        unit: '/s',
      },
      { benchmark: 'webhook handler', figure: `${label}: p99`, value: median(rates.p99), unit: 'ms' },
      {
        benchmark: 'webhook handler',
        figure: `${label}: rate against @octokit/webhooks`,
        value: ratio,
        unit: '×',
        ...atLeast(bound, ratio),
      },
    );
  }
  return rows;
}

async function rateOf(listener: RequestListener, requests: Uint8Array[]): Promise<{ rate: number; p99: number }> {
  const server = await listen(listener);
  const { port } = server.address() as AddressInfo;
  const result = await measure({ port, connections: 4, milliseconds: 5000, requests });
  server.closeAllConnections();
  server.close();
  if (result.refused > 0) throw new Error(`${result.refused} requests were refused: the benchmark measures nothing.`);
  return { rate: result.answered / result.seconds, p99: quantile(result.latencies, 0.99) };
}

function listen(listener: RequestListener): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer(listener).listen(0, '127.0.0.1', () => resolve(server));
  });
}

function slipwayListener(): RequestListener {
  const handle = createGithubWebhook({
    secret: { current: async () => benchSecret, reread: () => undefined },
    triggers: { send: async () => undefined },
  });
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const event = { headers: request.headers, body: Buffer.concat(chunks).toString('utf8'), isBase64Encoded: false };
      const { statusCode = 500, headers, body = '' } = await handle(event as unknown as APIGatewayProxyEventV2);
      response.writeHead(statusCode, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
    });
  };
}

function octokitListener(): RequestListener {
  const webhooks = new Webhooks({ secret: benchSecret });
  webhooks.on('push', () => undefined);
  return createNodeMiddleware(webhooks, { path });
}
