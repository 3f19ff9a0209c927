import { expect, it } from 'vitest';
import { apiNotificationListSchema } from '../../core/api/notifications.ts';
import type { UrlNotification } from '../../core/url-notifications/url-notification.ts';
import { now, sampleProject, sampleSite } from './sample-site.ts';

const project = sampleProject('demo/app:latest');
const told: UrlNotification = {
  project: project.name,
  id: '1',
  revision: 3,
  name: 'held',
  failures: 0,
  to: { url: 'https://ci.example.org/secret/path', format: 'cloudevents' },
  event: {
    type: 'Slipway Releases Held',
    detail: { version: 1, id: '1', project: project.name, by: 'alex', at: now.toISOString() },
  },
  state: 'delivered',
  endedAt: now.toISOString(),
};

it.each<[string, Partial<UrlNotification>, RegExp]>([
  ['took it', {}, /delivered/],
  ['took it at a second attempt', { error: 'It answered 500.' }, /delivered/],
  ['is being asked', { state: 'pending', endedAt: undefined, dueAt: now.toISOString() }, /being sent/],
  [
    'is to be asked again',
    { state: 'pending', endedAt: undefined, error: 'It answered 500.', dueAt: now.toISOString() },
    /not delivered yet: It answered 500\. It is tried again at 2026-11-21 12:00/,
  ],
  ['was given up', { state: 'failed', error: 'It answered 410.' }, /given up<\/b>: It answered 410\./],
])('a page shows of an address that %s its host alone', async (_, change, shown) => {
  const ask = sampleSite({ projects: [project], urlNotifications: [{ ...told, ...change }] });
  const { statusCode, text } = await ask('/projects/demo/app/latest');
  expect([statusCode, text]).toEqual([200, expect.stringMatching(shown)]);
  expect(text).toContain('ci.example.org');
  expect(text).not.toContain('secret/path');
});

it('a page of its own has all of them, and says how what was given up is sent again', async () => {
  const failed: UrlNotification = { ...told, id: 'b'.repeat(20), state: 'failed', error: 'It answered 410.' };
  const ask = sampleSite({ projects: [project], urlNotifications: [failed, { ...told, failures: 2 }] });
  const { statusCode, text } = await ask('/projects/demo/app/latest/notifications');
  expect(statusCode).toBe(200);
  expect(text).toMatch(/given up[\s\S]*It answered 410\.[\s\S]*after 2 failures/);
  expect(text).toContain('npx slipway redeliver demo/app:latest');
  expect(text).not.toContain('secret/path');
  const before = sampleSite({ projects: [project] });
  expect((await before('/projects/demo/app/latest/notifications')).text).toContain('The key notify-url of the entry');
});

it('the API has them without their addresses', async () => {
  const ask = sampleSite({ projects: [project], urlNotifications: [told] });
  const { text } = await ask('/api/v1/projects/demo/app/latest/notifications');
  const { items } = apiNotificationListSchema.parse(JSON.parse(text));
  expect(items).toEqual([expect.objectContaining({ id: told.id, to: 'ci.example.org', state: 'delivered' })]);
  expect(text).not.toContain('secret/path');
});
