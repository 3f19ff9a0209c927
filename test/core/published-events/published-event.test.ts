import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Build } from '../../../core/model/build.ts';
import {
  eventOfBuild,
  eventOfHold,
  publishedEventSchema,
  publishedEventSchemas,
  publishedEventsSchema,
} from '../../../core/published-events/published-event.ts';

const siteUrl = 'https://slipway.example';
const image = { repository: 'registry.example/demo/app', digest: `sha256:${'d'.repeat(64)}`, tags: ['latest'] };
const endedAt = '2026-11-21T10:05:00.000Z';
const commit = '1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d';
const ended = (over: Partial<Build>): Build => ({
  id: '00000000000000aa',
  project: 'demo/app:latest',
  status: 'released',
  cause: { type: 'push', delivery: 'd', ref: 'refs/heads/main', commit, pusher: 'alex' },
  commit,
  ref: 'refs/heads/main',
  sourceUrl: 'https://github.com/demo/app.git',
  notifyEmail: ['owner@example.org'],
  sequence: 3,
  createdAt: '2026-11-21T10:00:00.000Z',
  endedAt,
  stages: {},
  ...over,
});

describe('the end of a build', () => {
  it('is an event with everything that a deployment needs, if the image was released', () => {
    const build = ended({ image });
    const event = eventOfBuild(build, siteUrl);
    expect(event).toMatchObject({
      type: 'Slipway Image Released',
      detail: { version: 1, id: build.id, project: build.project, image, commit: build.commit, at: endedAt },
    });
    expect(publishedEventSchemas['Slipway Image Released'].parse(event?.detail)).toEqual(event?.detail);
  });

  it('is the event of a rollback, which says what the tags named before', () => {
    const cause = {
      type: 'rollback' as const,
      from: 'sha256:before',
      to: image.digest,
      requester: 'alice@example.org',
    };
    expect(eventOfBuild(ended({ image, cause }), siteUrl)).toMatchObject({
      type: 'Slipway Image Rolled Back',
      detail: { from: 'sha256:before', by: 'alice' },
    });
  });

  it('that was blocked or failed is an event with the reasons, unless it is of a pull request', () => {
    const blocked: Partial<Build> = {
      status: 'blocked',
      verdict: { outcome: 'block', reasons: Array.from({ length: 20 }, (_, at) => `Reason ${at}.`), counts: {} },
    };
    const failed: Partial<Build> = {
      status: 'failed',
      failure: { error: 'DockerfileFailedError', message: 'It failed.' },
    };
    const events = [blocked, failed].map((over) => eventOfBuild(ended(over), siteUrl));
    expect(events).toMatchObject([
      { type: 'Slipway Build Blocked', detail: { commit, reasons: { length: 10, 0: 'Reason 0.' } } },
      { type: 'Slipway Build Failed', detail: { error: 'DockerfileFailedError', message: 'It failed.' } },
    ]);
    for (const event of events) expect(publishedEventSchema.parse(event)).toEqual(event);
    for (const over of [blocked, failed])
      expect(eventOfBuild(ended({ ...over, ref: 'refs/pull/7/head' }), siteUrl)).toBeUndefined();
  });

  it.each(['unchanged', 'cancelled', 'superseded'] as const)('%s is not an event', (status) => {
    expect(eventOfBuild(ended({ status, image }), siteUrl)).toBeUndefined();
  });
});

it('holds and their ends are events; a rollback is that of its build', () => {
  const change = { project: 'demo/app:latest', id: 'hold:1', at: endedAt, by: 'alice', reason: 'a fair' };
  expect(eventOfHold({ ...change, action: 'held', until: '2026-12-24' })).toMatchObject({
    type: 'Slipway Releases Held',
    detail: { project: 'demo/app:latest', by: 'alice', until: '2026-12-24', reason: 'a fair' },
  });
  expect(eventOfHold({ ...change, action: 'unheld' })?.type).toBe('Slipway Releases Unheld');
  expect(eventOfHold({ ...change, action: 'rolled back' })).toBeUndefined();
});

it('the published schema has every event: npm run schema writes it', async () => {
  const committed = await readFile(join(import.meta.dirname, '../../../docs/published-events.schema.json'), 'utf8');
  expect(JSON.parse(committed)).toEqual(JSON.parse(JSON.stringify(publishedEventsSchema())));
});
