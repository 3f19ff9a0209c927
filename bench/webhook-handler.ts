import { createNodeMiddleware, Webhooks } from '@octokit/webhooks';
import { sign } from '@octokit/webhooks-methods';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { createWebhook } from '../functions/webhook.ts';
import { atLeast, median, type Row } from './report.ts';
import { benchSecret, examplePushes, largePush, secretOf } from './webhook-load.ts';

const path = '/webhooks/github';
const batches = 25;
const batchMilliseconds = 200;

const index = { source: 'github.com/slipway/index', gitHosts: [] };

interface Delivery {
  headers: Record<string, string>;
  body: string;
}

type Handle = (delivery: Delivery) => Promise<void>;

/**
 * The webhook's handler without a queue, compared with the Node middleware of `@octokit/webhooks` and a handler that does nothing: the
 * same payloads, each signed with the secret that its side expects. Both are called in this process; a server's own work would be most of either figure. The batches
 * alternate, and each has its ratio, so that a busy machine slows both.
 */
export async function run(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [label, events, bound] of [
    ['7 kB', examplePushes(), 2],
    ['200 kB', [largePush()], 3],
  ] as const) {
    const ours = await Promise.all(events.map((event) => signed(event, secretOf(event, benchSecret, index.source))));
    const theirs = await Promise.all(events.map((event) => signed(event, benchSecret)));
    const [slipway, octokit] = [slipwayHandle(), octokitHandle()];
    const rates: { slipway: number; octokit: number }[] = [];
    for (let batch = 0; batch <= batches; batch++) {
      rates.push({ slipway: await rateOf(slipway, ours), octokit: await rateOf(octokit, theirs) });
    }
    // The first batch warms up.
    const counted = rates.slice(1);
    const ratio = median(counted.map((rate) => rate.slipway / rate.octokit));
    const benchmark = 'webhook handler';
    const [rate, other] = [median(counted.map((each) => each.slipway)), median(counted.map((each) => each.octokit))];
    rows.push(
      { benchmark, figure: `${label}: deliveries`, value: rate, unit: '/s' },
      { benchmark, figure: `${label}: deliveries, @octokit/webhooks`, value: other, unit: '/s' },
      {
        benchmark,
        figure: `${label}: rate against @octokit/webhooks`,
        value: ratio,
        unit: '×',
        ...atLeast(bound, ratio),
      },
    );
  }
  return rows;
}

async function signed(event: object, secret: string): Promise<Delivery> {
  const body = JSON.stringify(event);
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': crypto.randomUUID(),
      'x-hub-signature-256': await sign(secret, body),
    },
  };
}

async function rateOf(handle: Handle, deliveries: Delivery[]): Promise<number> {
  const begun = performance.now();
  let handled = 0;
  while (performance.now() - begun < batchMilliseconds) {
    for (const delivery of deliveries) await handle(delivery);
    handled += deliveries.length;
  }
  return (handled / (performance.now() - begun)) * 1000;
}

function slipwayHandle(): Handle {
  const handle = createWebhook({
    master: { current: async () => [benchSecret], reread: () => undefined },
    index,
    triggers: { send: async () => undefined },
  });
  return async ({ headers, body }) => {
    const event = { headers, body, isBase64Encoded: false, pathParameters: { kind: 'github' } };
    const { statusCode } = await handle(event as unknown as APIGatewayProxyEventV2);
    if (statusCode !== 202) throw new Error(`The handler answered ${statusCode}.`);
  };
}

/** The middleware takes a body that was read already as it is, and waits for no stream. */
function octokitHandle(): Handle {
  const webhooks = new Webhooks({ secret: benchSecret });
  webhooks.on('push', () => undefined);
  const middleware = createNodeMiddleware(webhooks, { path });
  type Request = Parameters<typeof middleware>[0];
  type Response = Parameters<typeof middleware>[1];
  return async ({ headers, body }) => {
    let status = 0;
    const response = {
      writeHead(code: number) {
        status = code;
        return this;
      },
      end: () => undefined,
    };
    await middleware(
      { method: 'POST', url: path, headers, body } as unknown as Request,
      response as unknown as Response,
    );
    if (status !== 200) throw new Error(`The middleware answered ${status}.`);
  };
}
