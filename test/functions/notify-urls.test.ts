import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { problemSchema } from '../../core/api/named.ts';
import { apiNotificationSchema, redelivery } from '../../core/api/notifications.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import type { NotifyUrl } from '../../core/model/notify-url.ts';
import type { PublishedEvent } from '../../core/published-events/published-event.ts';
import { notifySecret } from '../../core/url-notifications/signature.ts';
import { claimed } from '../../core/url-notifications/url-notification.ts';
import { createNotifyUrls } from '../../functions/notify-urls.ts';
import { createRedeliver } from '../../functions/redeliver.ts';
import { createRetryUrlNotifications } from '../../functions/retry-url-notifications.ts';
import { createPostNotification } from '../../functions/url-notifications/post-notification.ts';
import { createPublicFetch } from '../../services/http/public-fetch.ts';
import { startHost } from '../services/http.ts';
import { setUpServices, silentLogger } from './services-setup.ts';

const project = 'demo/app:latest';
const event: PublishedEvent = {
  type: 'Slipway Releases Held',
  detail: { version: 1, id: 'h1', project, by: 'alex', at: '2026-11-29T11:00:00.000Z' },
};

async function setUp(
  notifyUrls: (url: string) => NotifyUrl[],
  answer = (response: ServerResponse) => void response.end(),
) {
  const world = await setUpServices();
  const receiver = await startHost((_, response) => answer(response));
  await world.track({ name: project, notifyUrls: notifyUrls(receiver.url) });
  const notifications = world.urlNotifications;
  const post = createPostNotification({
    notifications,
    master: { current: async () => ['the-master'] },
    async secretValue(name) {
      if (name === 'slipway/notify-urls/demo/chat') return `${receiver.url}/chat\n`;
      if (name === 'slipway/notify-urls/demo/token') return 'hooks.example.org/T0KEN';
      throw new UpstreamError('secretsmanager GetSecretValue: ResourceNotFoundException', {
        cause: 'ResourceNotFoundException',
      });
    },
    secretsPrefix: 'slipway/notify-urls/',
    fetch: createPublicFetch({ privateHosts: [new URL(receiver.url).host] }),
    siteUrl: 'https://slipway.example.org',
    logger: silentLogger,
  });
  return Object.assign(world, {
    receiver,
    notify: createNotifyUrls({ projects: world.projects, notifications, post }),
    retry: createRetryUrlNotifications({ notifications, post }),
    /** Somebody asks for the newest, or one of an id, to be posted again. */
    async redeliver(id?: string) {
      const [newest] = (await notifications.ofProject(project, { limit: 1 })).items;
      const redeliver = createRedeliver({
        projects: world.projects,
        notifications,
        post,
        siteUrl: 'https://slipway.example.org',
        logger: silentLogger,
      });
      const { statusCode, body } = await redeliver({
        routeKey: `POST ${redelivery.path}`,
        rawPath: '/api/v1/projects/demo/app/latest/redeliveries',
        pathParameters: { app: 'demo', job: 'app', tag: 'latest' },
        body: JSON.stringify({ notification: id ?? newest?.id }),
        isBase64Encoded: false,
        requestContext: {
          requestId: 'JKJaXmPLvHcESHA=',
          authorizer: { iam: { userArn: 'arn:aws:iam::123456789012:user/alice' } },
        },
      });
      return { statusCode, answer: JSON.parse(body ?? '') as unknown };
    },
    shown: async () =>
      (await notifications.ofProject(project, { limit: 10 })).items.map(({ state, error, failures }) => ({
        state,
        error,
        failures,
      })),
  });
}

const inAnHour = () => new Date(Date.now() + 3_600_000);

describe('the addresses of an entry', () => {
  it('get an event once, signed, however often it comes', async () => {
    await using world = await setUp((url) => [{ url: `${url}/hook`, format: 'cloudevents' }]);
    await world.notify(event);
    await world.notify(event);
    const [request, ...others] = world.receiver.requests;
    expect(others).toEqual([]);
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ type: 'slipway.held.v1', data: event.detail });
    const { headers, body } = request ?? {};
    const signed = `${headers?.['webhook-id']}.${headers?.['webhook-timestamp']}.${body}`;
    const key = Buffer.from(notifySecret('the-master', project).slice('whsec_'.length), 'base64');
    expect(headers?.['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
    expect(await world.shown()).toEqual([{ state: 'delivered', failures: 0 }]);
  });

  it('may be in a secret of the app-id', async () => {
    await using world = await setUp(() => [{ secret: 'chat', format: 'slack' }]);
    await world.notify(event);
    expect(world.receiver.requests.map(({ path, headers }) => [path, headers['webhook-signature']])).toEqual([
      ['/chat', undefined],
    ]);
  });

  it('that fail are tried again later, and what they get has the same id', async () => {
    let status = 503;
    await using world = await setUp(
      (url) => [{ url, format: 'cloudevents' }],
      (response) => void response.writeHead(status).end(),
    );
    await world.notify(event);
    expect(await world.shown()).toEqual([{ state: 'pending', error: 'It answered 503.', failures: 1 }]);
    expect(await world.retry(new Date())).toBe(0);
    status = 204;
    expect(await world.retry(inAnHour())).toBe(1);
    expect(await world.shown()).toEqual([{ state: 'delivered', failures: 1 }]);
    expect(await world.retry(inAnHour())).toBe(0);
    const [one, other] = world.receiver.requests.map(({ headers }) => headers['webhook-id']);
    expect(other).toBe(one);
  });

  it.each<[string, NotifyUrl, string]>([
    ['a private host', { url: 'http://10.0.0.1/', format: 'slack' }, 'has a private address, which is not fetched'],
    [
      'a secret that does not exist',
      { secret: 'none', format: 'teams' },
      'The secret slipway/notify-urls/demo/none does not exist.',
    ],
    [
      'a secret that has no address, which nobody gets to see',
      { secret: 'token', format: 'slack' },
      'The secret slipway/notify-urls/demo/token has no address.',
    ],
  ])('that cannot be reached are said why: %s', async (_, to, error) => {
    await using world = await setUp((url) => [to, { url, format: 'slack' }]);
    await world.notify(event);
    const shown = await world.shown();
    expect(shown.map(({ state }) => state)).toContain('delivered');
    expect(shown.map((each) => each.error).join('\n')).toContain(error);
    expect(JSON.stringify(shown)).not.toContain('T0KEN');
  });

  it('that redirect are asked to be written as they are', async () => {
    await using world = await setUp(
      (url) => [{ url: `${url}/old`, format: 'slack' }],
      (response) => void response.writeHead(response.req.url === '/old' ? 302 : 200, { location: '/new' }).end(),
    );
    await world.notify(event);
    expect(await world.shown()).toMatchObject([{ state: 'failed', error: expect.stringContaining('It redirects') }]);
  });

  it('that refuse are left alone', async () => {
    await using world = await setUp(
      (url) => [{ url, format: 'teams' }],
      (response) => void response.writeHead(410).end(),
    );
    await world.notify(event);
    const error = 'It answered 410. Correct the address if it is wrong: later events are posted to it all the same.';
    expect(await world.shown()).toEqual([{ state: 'failed', error, failures: 1 }]);
    expect(await world.retry(inAnHour())).toBe(0);
  });

  describe('that have given up', () => {
    it('get an event again on request, in the format that the entry has now, and with the same id', async () => {
      let status = 410;
      await using world = await setUp(
        (url) => [{ url, format: 'slack' }],
        (response) => void response.writeHead(status).end(),
      );
      await world.notify(event);
      expect(await world.redeliver()).toMatchObject({
        statusCode: 202,
        answer: { state: 'failed', failures: 2, error: expect.stringContaining('It answered 410.') },
      });
      status = 200;
      await world.track({ name: project, notifyUrls: [{ url: world.receiver.url, format: 'cloudevents' }] });
      const { statusCode, answer } = await world.redeliver();
      expect([statusCode, apiNotificationSchema.parse(answer)]).toEqual([
        202,
        expect.objectContaining({ state: 'delivered', event: 'held', error: null, build: null, at: event.detail.at }),
      ]);
      expect(await world.shown()).toEqual([{ state: 'delivered', failures: 2 }]);
      const [newest] = (await world.urlNotifications.ofProject(project, { limit: 1 })).items;
      expect(newest?.id).toContain(`_${world.receiver.requests.at(-1)?.headers['webhook-id']}`);
    });

    it('are tried again by themselves if they are only down then', async () => {
      let status = 404;
      await using world = await setUp(
        (url) => [{ url, format: 'slack' }],
        (response) => void response.writeHead(status).end(),
      );
      await world.notify(event);
      status = 503;
      expect(await world.redeliver()).toMatchObject({ answer: { state: 'pending', error: 'It answered 503.' } });
      expect(await world.retry(inAnHour())).toBe(1);
    });

    it('get nothing while another process posts it', async () => {
      await using world = await setUp(
        (url) => [{ url, format: 'slack' }],
        (response) => void response.writeHead(410).end(),
      );
      await world.notify(event);
      const { items } = await world.urlNotifications.ofProject(project, { limit: 1 });
      for (const failed of items) await world.urlNotifications.save(claimed(failed, new Date()));
      const { statusCode, answer } = await world.redeliver();
      expect([statusCode, problemSchema.parse(answer).code]).toEqual([409, 'NotRedelivered']);
      expect(world.receiver.requests).toHaveLength(1);
    });

    it('get nothing if the entry names them no more', async () => {
      await using world = await setUp(
        (url) => [{ url, format: 'slack' }],
        (response) => void response.writeHead(410).end(),
      );
      await world.notify(event);
      await world.track({ name: project, notifyUrls: [] });
      const { statusCode, answer } = await world.redeliver();
      expect([statusCode, problemSchema.parse(answer).code]).toEqual([409, 'NotRedelivered']);
      expect(world.receiver.requests).toHaveLength(1);
    });

    it.each(['', '2026-11-29T11:00:00.000Z_0123456789abcdef0123456789abcdef'])(
      'are not asked about what does not exist: "%s"',
      async (id) => {
        await using world = await setUp((url) => [{ url, format: 'slack' }]);
        await world.notify(event);
        const { statusCode, answer } = await world.redeliver(id);
        expect([statusCode, problemSchema.parse(answer).code]).toEqual([404, 'NotificationNotFound']);
      },
    );
  });
});
