import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { PublishedEvent } from '../../../core/published-events/published-event.ts';
import { messageOf } from '../../../core/url-notifications/message.ts';
import { notifySecret, signatureHeaders } from '../../../core/url-notifications/signature.ts';
import { attempted, claimed, notificationsOf, placeOf } from '../../../core/url-notifications/url-notification.ts';

const now = new Date('2026-11-29T12:00:00Z');
const siteUrl = 'https://slipway.example.org';
const released: PublishedEvent = {
  type: 'Slipway Image Released',
  detail: {
    version: 1,
    id: '00000000000000aa',
    project: 'demo/app:latest',
    image: { repository: 'registry.example/demo/app', digest: `sha256:${'a'.repeat(64)}`, tags: ['latest', '1.2'] },
    commit: '1'.repeat(40),
    ref: 'refs/heads/main',
    why: 'Push of commit 1111111 to branch main by <Alex & co>',
    at: '2026-11-29T11:59:00.000Z',
    url: `${siteUrl}/builds/00000000000000aa`,
  },
};
const held: PublishedEvent = {
  type: 'Slipway Releases Held',
  detail: {
    version: 1,
    id: 'h1',
    project: 'demo/app:latest',
    by: 'alex',
    reason: 'the fair',
    at: '2026-11-29T11:00:00.000Z',
  },
};
const url = 'https://hooks.example.org/services/KEY';

describe('an event', () => {
  it('goes to each address that wants it, and has one id there however often it comes', () => {
    const urls = [
      { url, format: 'cloudevents' as const },
      { secret: 'chat', format: 'slack' as const, events: ['failed' as const, 'released' as const] },
      { secret: 'other', format: 'teams' as const, events: ['failed' as const] },
    ];
    const [first, second, ...rest] = notificationsOf(released, urls, now);
    expect(rest).toEqual([]);
    expect([first?.to.url, second?.to.secret]).toEqual([url, 'chat']);
    expect(first).toMatchObject({ state: 'pending', dueAt: now.toISOString(), name: 'released', revision: 1 });
    expect(first?.id).not.toBe(second?.id);
    const again = notificationsOf(released, urls, new Date(now.getTime() + 60_000));
    expect(again.map(({ id }) => id)).toEqual([first?.id, second?.id]);
  });

  it('is shown with the host of its address alone, which may have a key in its path', () => {
    expect(placeOf({ url, format: 'slack' })).toBe('hooks.example.org');
    expect(placeOf({ secret: 'chat', format: 'slack' })).toBe('the address in the secret chat');
  });
});

describe('an attempt', () => {
  const [notification] = notificationsOf(released, [{ url, format: 'cloudevents' }], now);
  if (!notification) throw new Error('There is no notification.');

  it('that succeeds is the last', () => {
    expect(attempted(claimed(notification, now), {}, now, 0)).toMatchObject({
      state: 'delivered',
      dueAt: undefined,
      endedAt: now.toISOString(),
      revision: 3,
    });
  });

  it('that fails is repeated, at longer and longer intervals, for about a day', () => {
    let current = notification;
    const pauses: number[] = [];
    for (let at: Date | undefined = now; at; at = current.dueAt ? new Date(current.dueAt) : undefined) {
      current = attempted(claimed(current, at), { error: 'It answered 503.', isFinal: false }, at, 0);
      if (current.dueAt) pauses.push((Date.parse(current.dueAt) - at.getTime()) / 60_000);
    }
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 360, 360]);
    expect(current).toMatchObject({ state: 'failed', failures: 10, error: 'It answered 503.' });
  });

  it('waits for as long as the receiver wants, and is not repeated where it never wants it', () => {
    const retryAt = new Date(now.getTime() + 3_600_000).toISOString();
    const busy = attempted(notification, { error: 'It answered 429.', isFinal: false, retryAt }, now, 0);
    expect(busy.dueAt).toBe(retryAt);
    const refused = attempted(notification, { error: 'It answered 410.', isFinal: true }, now, 0);
    expect(refused).toMatchObject({ state: 'failed', dueAt: undefined });
  });
});

describe('a message', () => {
  it('is a CloudEvent with the published event in it', () => {
    const { contentType, body } = messageOf(released, { format: 'cloudevents', siteUrl });
    expect(contentType).toBe('application/cloudevents+json; charset=utf-8');
    expect(JSON.parse(body)).toEqual({
      specversion: '1.0',
      id: released.detail.id,
      source: siteUrl,
      type: 'slipway.released.v1',
      subject: 'demo/app:latest',
      time: released.detail.at,
      datacontenttype: 'application/json',
      data: released.detail,
    });
  });

  it('for Slack has no marks but its own, and a link', () => {
    const { body } = messageOf(released, { format: 'slack', siteUrl });
    expect(JSON.parse(body)).toMatchObject({
      text: expect.stringContaining('by &lt;Alex &amp; co&gt;'),
      blocks: [
        { text: { type: 'mrkdwn', text: `*<${siteUrl}/builds/00000000000000aa|demo/app:latest was released>*` } },
        { text: { type: 'plain_text', text: expect.stringContaining('has the tags latest, 1.2.') } },
      ],
    });
  });

  it('for Slack is within the 3,000 characters that a text may have, however much is told', () => {
    const why = '<&🚀'.repeat(4000);
    const longest: PublishedEvent = {
      ...released,
      detail: { ...released.detail, project: `demo/${'a'.repeat(255)}`, why },
    };
    const { blocks } = JSON.parse(messageOf(longest, { format: 'slack', siteUrl }).body);
    expect(blocks).toHaveLength(2);
    for (const { text } of blocks) {
      expect(text.text.length).toBeGreaterThan(0);
      expect(text.text.length).toBeLessThanOrEqual(3000);
    }
  });

  it('for Teams is a card with a button', () => {
    const { body } = messageOf(held, { format: 'teams', siteUrl });
    expect(JSON.parse(body).attachments[0].content).toMatchObject({
      type: 'AdaptiveCard',
      body: [
        { inlines: [{ text: 'demo/app:latest is held: nothing is released' }] },
        { inlines: [{ text: 'By alex: the fair.' }] },
      ],
      actions: [{ url: `${siteUrl}/projects/demo/app/latest` }],
    });
  });
});

describe('a signature', () => {
  it('is that of Standard Webhooks, by each secret that is valid', () => {
    const secrets = ['new', 'old'].map((master) => notifySecret(master, 'demo/app:latest'));
    const headers = signatureHeaders({ id: 'id', body: '{"a":1}', at: now }, secrets);
    const seconds = String(now.getTime() / 1000);
    expect(headers).toMatchObject({ 'webhook-id': 'id', 'webhook-timestamp': seconds });
    const expected = secrets.map((secret) => {
      const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
      return `v1,${createHmac('sha256', key).update(`id.${seconds}.{"a":1}`).digest('base64')}`;
    });
    expect(headers['webhook-signature']).toBe(expected.join(' '));
  });

  it('has the known value of the specification’s reference libraries', () => {
    const headers = signatureHeaders(
      { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}', at: new Date(1614265330 * 1000) },
      ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    );
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('differs between projects', () => {
    expect(notifySecret('m', 'demo/app:latest')).not.toBe(notifySecret('m', 'demo/app:1'));
  });
});
