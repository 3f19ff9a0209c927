import { sourceOf } from '../core/sources/source.ts';
import { withMachine } from './machine.ts';
import { quantile, type Row } from './report.ts';
import { examplePushes, measure, secretOf, signedRequests } from './webhook-load.ts';

/** Every request is a delivery of its own, for a repository that no entry tracks: accepted, enqueued, planned and found to be nothing. */
const deliveries = 20_000;

/** The whole `POST /webhooks/github` on one machine: HTTP API, Lambda worker, signature, secret, queue on disk. */
export function run(): Promise<Row[]> {
  return withMachine(async ({ url, webhookMaster, indexRepository }) => {
    const index = sourceOf(`${url}/git/${indexRepository}`);
    const requests = await signedRequests('/webhooks/github', examplePushes(), deliveries, (event) =>
      secretOf(event, webhookMaster, index),
    );
    const { answered, refused, seconds, latencies } = await measure({
      port: Number(new URL(url).port),
      connections: 16,
      milliseconds: 10_000,
      requests,
    });
    return [
      { benchmark: 'webhook on one machine', figure: 'deliveries accepted', value: answered / seconds, unit: '/s' },
      { benchmark: 'webhook on one machine', figure: 'deliveries refused', value: refused, unit: '' },
      { benchmark: 'webhook on one machine', figure: 'p50', value: quantile(latencies, 0.5), unit: 'ms' },
      { benchmark: 'webhook on one machine', figure: 'p99', value: quantile(latencies, 0.99), unit: 'ms' },
    ];
  });
}
