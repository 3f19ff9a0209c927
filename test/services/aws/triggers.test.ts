import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { UpstreamError } from '../../../core/model/errors.ts';
import type { Trigger } from '../../../core/model/trigger.ts';
import { createTriggers } from '../../../services/aws/triggers.ts';
import { type FakeHost, startHost } from '../http.ts';

interface Entry {
  Id: string;
  MessageBody: string;
}

let host: FakeHost;
let taken: string[];
/** The code with which an entry is refused at this moment, and whose fault it is. */
let refusal: (project: string) => { Code: string; SenderFault: boolean } | undefined;

beforeEach(async () => {
  taken = [];
  refusal = () => undefined;
  host = await startHost(({ body }, response) => {
    const { Entries } = JSON.parse(body) as { Entries: Entry[] };
    const answers = Entries.map(({ Id, MessageBody }) => {
      const { project } = JSON.parse(MessageBody) as { project: string };
      const refused = refusal(project);
      if (!refused) taken.push(project);
      return { Id, ...refused };
    });
    const Failed = answers.filter((answer) => 'Code' in answer);
    // SQS leaves out a list that is empty.
    response.end(JSON.stringify({ Successful: [], ...(Failed.length > 0 ? { Failed } : {}) }));
  });
  vi.stubEnv('AWS_ENDPOINT_URL', host.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await host[Symbol.asyncDispose]();
});

const urls = { triggers: 'queue', 'pull requests': 'untrusted queue', background: 'background queue' };
const steps = (count: number): Trigger[] =>
  Array.from({ length: count }, (_, at) => ({
    type: 'cascade-step',
    id: `step:${at}`,
    cascade: 'c',
    project: `p${at}`,
  }));

it('many triggers are sent ten at a time, each once', async () => {
  await createTriggers(urls).sendBatch(steps(25));
  expect(host.requests.map(({ body }) => JSON.parse(body).Entries.length).sort()).toEqual([10, 10, 5]);
  expect(taken.toSorted()).toEqual(
    steps(25)
      .map((step) => 'project' in step && step.project)
      .toSorted(),
  );
});

it('no triggers are no call', async () => {
  await createTriggers(urls).sendBatch([]);
  expect(host.requests).toEqual([]);
});

it('those that the queue had no room for are sent again, and only those', async () => {
  let busy = true;
  refusal = (project) => {
    if (project !== 'p3' || !busy) return undefined;
    busy = false;
    return { Code: 'InternalError', SenderFault: false };
  };
  await createTriggers(urls).sendBatch(steps(5));
  expect(taken.toSorted()).toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
  expect(host.requests).toHaveLength(2);
});

it('one that the queue will never take is an error at once', async () => {
  refusal = () => ({ Code: 'InvalidMessageContents', SenderFault: true });
  await expect(createTriggers(urls).sendBatch(steps(1))).rejects.toThrow(UpstreamError);
  expect(host.requests).toHaveLength(1);
});

it('what anybody can cause, and what the pipeline itself calls for, holds up nothing that people push or ask for', async () => {
  const queues: string[] = [];
  await using both = await startHost(({ body }, response) => {
    const { QueueUrl, MessageBody, Entries } = JSON.parse(body);
    const bodies: string[] = Entries ? Entries.map((entry: Entry) => entry.MessageBody) : [MessageBody];
    queues.push(...bodies.map((text) => `${JSON.parse(text).type}: ${QueueUrl}`));
    response.end(JSON.stringify({ MessageId: '1', Successful: [] }));
  });
  vi.stubEnv('AWS_ENDPOINT_URL', both.url);
  const trigger = (type: string) => ({ type, id: type, receivedAt: '2026-11-21T00:00:00.000Z' }) as unknown as Trigger;
  const triggers = createTriggers(urls);
  for (const type of ['push', 'pull-request', 'approval', 'cancel-cascade', 'build-ended', 'schedule'])
    await triggers.send(trigger(type));
  await triggers.sendBatch(['manual', 'cascade-step', 'pull-request'].map(trigger));
  expect(queues.toSorted()).toEqual([
    'approval: untrusted queue',
    'build-ended: queue',
    'cancel-cascade: queue',
    'cascade-step: background queue',
    'manual: queue',
    'pull-request: untrusted queue',
    'pull-request: untrusted queue',
    'push: queue',
    'schedule: background queue',
  ]);
});
