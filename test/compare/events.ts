import { AwsClient } from 'aws4fetch';
import type { Case, Side } from './side.ts';

export async function prepareEvents(): Promise<void> {
  // Every account has the default bus.
}

/** As the product does it: it has no client of EventBridge, and signs the call itself. */
async function put(side: Side, entries: object[]): Promise<object> {
  const { endpoint, region, credentials } = side.settings;
  const client = new AwsClient({ ...credentials, service: 'events', region, retries: 0 });
  const answer = await client.fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' },
    body: JSON.stringify({ Entries: entries }),
  });
  const { __type, message, ...output } = (await answer.json()) as Record<string, unknown>;
  return { ...output, error: __type, message, $metadata: { httpStatusCode: answer.status } };
}

const event = { Source: 'slipway', DetailType: 'Slipway Image Released', Detail: '{"project":"demo/app:latest"}' };
const sending = (name: string, entries: object[], because?: string): Case => ({
  name: `PutEvents ${name}`,
  call: (side) => put(side, entries),
  ...(because !== undefined && { because }),
});

export const eventsCases: Case[] = [
  sending('one', [event]),
  sending('at a time, of a resource', [{ ...event, Time: 1_790_000_000, Resources: ['arn:aws:ecr:x'] }]),
  sending('on the default bus by its name', [{ ...event, EventBusName: 'default' }]),
  sending('without a source', [{ ...event, Source: undefined }]),
  sending('without a type', [{ ...event, DetailType: undefined }]),
  sending('without a detail', [{ ...event, Detail: undefined }]),
  sending('with a detail that is not JSON', [{ ...event, Detail: 'released' }]),
  sending('one that can be put and one that cannot', [event, { ...event, Detail: '[' }]),
  sending('of nothing', [], 'moto does not look'),
  sending(
    'of eleven',
    Array.from({ length: 11 }, () => event),
    'moto shows the type of an entry, and not the entry',
  ),
  sending(
    'of too many bytes',
    [{ ...event, Detail: JSON.stringify({ x: 'x'.repeat(262_144) }) }],
    'moto does not look',
  ),
];
