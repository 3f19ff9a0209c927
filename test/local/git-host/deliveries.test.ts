import { createHmac } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../eventually.ts';
import { type Clone, makeClone, startHost, startReceiver, until } from './host.ts';

const secret = 'a secret';
let status = 202;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let clone: Clone;

beforeEach(async () => {
  status = 202;
  receiver = await startReceiver(() => status);
  clone = await makeClone();
});
afterEach(async () => {
  await receiver.close();
  await clone.remove();
});

async function push(url: string, name = 'a'): Promise<void> {
  await writeFile(join(clone.folder, name), name);
  await clone.git('add', '--all');
  await clone.git('commit', '--quiet', '-m', name);
  await clone.git('push', '--quiet', `${url}/git/ada/app`, 'main');
}

const deliveriesOf = async (url: string, query = '') =>
  (await (await fetch(`${url}/github/repos/ada/app/hooks/1/deliveries${query}`)).json()) as {
    id: number;
    guid: string;
    status: string;
    status_code: number;
    redelivery: boolean;
  }[];

/** As the webhook itself tells it. */
const lastResponse = async (url: string) =>
  ((await (await fetch(`${url}/github/repos/ada/app/hooks/1`)).json()) as { last_response: unknown }).last_response;

/** The newest first, once as many have an answer: an event has arrived before its sender knows. */
const answered = (url: string, count: number) =>
  eventually(async () => {
    const list = await deliveriesOf(url);
    expect(list.filter(({ status }) => status !== 'pending')).toHaveLength(count);
    return list;
  });

test('a push before there is a webhook is told of once there is one', async () => {
  const machine = await startHost();
  await machine.host.start();
  await push(machine.url);
  expect(receiver.received).toEqual([]);
  machine.host.setWebhook({ url: receiver.url, secretOf: () => secret });
  await until('the event', () => receiver.received.length === 1);
  await machine.remove();
});

test('a push that a killed machine did not tell of is told of after the next start, once', async () => {
  const first = await startHost({ url: receiver.url, secret });
  await push(first.url);
  // Never started: the event is in the journal, as after a kill between push and delivery.
  await first.stop();
  const second = await startHost({ url: receiver.url, secret }, first.dataFolder);
  // And a push that git had finished when the machine died is in no journal at all.
  second.database.exec('delete from git_deliveries; delete from git_refs');
  await second.host.start();
  await answered(second.url, 1);
  await second.stop();
  const third = await startHost({ url: receiver.url, secret }, first.dataFolder);
  await third.host.start();
  await push(third.url, 'b');
  await until('the second event', () => receiver.received.length === 2);
  expect(receiver.received.map(({ body }) => JSON.parse(body).created)).toEqual([true, false]);
  await third.remove();
});

test('a repository whose folder somebody has deleted is gone after the next start, and a push makes it again', async () => {
  const first = await startHost({ url: receiver.url, secret });
  await first.host.start();
  await push(first.url);
  await answered(first.url, 1);
  await first.stop();
  await rm(join(first.dataFolder, 'git', 'ada', 'app.git'), { recursive: true });
  const second = await startHost({ url: receiver.url, secret }, first.dataFolder);
  await second.host.start();
  expect((await fetch(`${second.url}/github/repos/ada/app`)).status).toBe(404);
  await push(second.url, 'b');
  await answered(second.url, 1);
  await second.remove();
});

test('a delivery that failed stays so, is listed, and goes again with the same GUID when asked', async () => {
  status = 503;
  const machine = await startHost({ url: receiver.url, secret });
  await machine.host.start();
  await push(machine.url);
  const [failed] = await answered(machine.url, 1);
  expect(failed).toMatchObject({ status: 'Invalid HTTP Response: 503', status_code: 503, redelivery: false });
  expect(await lastResponse(machine.url)).toEqual({ code: 503, message: 'Invalid HTTP Response: 503' });

  status = 202;
  const again = `${machine.url}/github/repos/ada/app/hooks/1/deliveries/${failed?.id}/attempts`;
  expect((await fetch(again, { method: 'POST' })).status).toBe(401);
  const headers = { authorization: 'Bearer the-token' };
  expect((await fetch(again, { method: 'POST', headers })).status).toBe(202);
  const list = await answered(machine.url, 2);
  const [one, two] = receiver.received;
  expect(two?.headers['x-github-delivery']).toBe(one?.headers['x-github-delivery']);
  expect(two?.body).toBe(one?.body);
  expect(list.map(({ redelivery, status_code }) => [redelivery, status_code])).toEqual([
    [true, 202],
    [false, 503],
  ]);
  expect(await lastResponse(machine.url)).toMatchObject({ code: 202, status: 'active' });
  const [page] = await deliveriesOf(machine.url, `?per_page=1&cursor=${list[0]?.id}`);
  expect(page?.id).toBe(failed?.id);
  const detail = await (await fetch(`${machine.url}/github/repos/ada/app/hooks/1/deliveries/${failed?.id}`)).json();
  expect(detail).toMatchObject({
    url: receiver.url,
    request: { headers: { 'X-GitHub-Event': 'push' }, payload: { ref: 'refs/heads/main' } },
    response: { payload: '{"ok":true}' },
  });
  await machine.remove();
});

test('a repository whose webhook gets another secret is signed for with that one', async () => {
  const machine = await startHost({ url: receiver.url, secret });
  await machine.host.start();
  await push(machine.url);
  await answered(machine.url, 1);
  const hook = `${machine.url}/github/repos/ada/app/hooks/1`;
  const change = (config: object) =>
    fetch(hook, {
      method: 'PATCH',
      headers: { authorization: 'Bearer the-token' },
      body: JSON.stringify({ active: true, events: ['push'], config }),
    });
  expect((await change({ secret: '' })).status).toBe(422);
  expect((await change({ url: receiver.url, content_type: 'json', secret: 'its own' })).status).toBe(200);
  await push(machine.url, 'b');
  await until('both events', () => receiver.received.length === 2);
  const signers = receiver.received.map(({ headers, body }) => {
    const by = (key: string) => `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
    return [secret, 'its own'].find((key) => by(key) === headers['x-hub-signature-256']);
  });
  expect(signers).toEqual([secret, 'its own']);
  await machine.remove();
});

test('a receiver that is not there costs nothing but the event, as on GitHub', async () => {
  await receiver.close();
  const machine = await startHost({ url: receiver.url, secret });
  await machine.host.start();
  await push(machine.url);
  expect(await answered(machine.url, 1)).toMatchObject([{ status: 'failed to connect to host', status_code: 502 }]);
  await machine.remove();
  receiver = await startReceiver();
});
