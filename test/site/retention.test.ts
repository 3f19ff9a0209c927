import { expect, it } from 'vitest';
import type { RetentionReport } from '../../core/retention/retention-plan.ts';
import { sampleProject, sampleSite } from './sample-site.ts';

const project = sampleProject('demo/app:latest');
const path = '/projects/demo/app/latest/retention';
const kept = `sha256:${'a'.repeat(64)}`;
const expired = `sha256:${'b'.repeat(64)}`;
const report: RetentionReport = {
  repository: 'slipway/demo/app',
  at: '2026-11-20T10:00:00.000Z',
  days: 90,
  newest: 10,
  isDryRun: false,
  decisions: [
    {
      digest: kept,
      releasedAt: '2026-11-01T10:00:00.000Z',
      bytes: 5_000_000,
      tags: ['latest'],
      reasons: [{ kind: 'tag', tag: 'latest' }],
    },
    { digest: expired, releasedAt: '2026-01-01T10:00:00.000Z', bytes: 7_000_000, tags: [], reasons: [] },
  ],
};

it('the page says of each image why it stays, or that it has expired', async () => {
  const { text } = await sampleSite({ projects: [project], retention: { 'demo/app': report } })(path);
  expect(text).toContain('It stays: the tag latest names it.');
  expect(text).toContain('Nothing names it any more.');
  expect(text).toContain('neither released nor pulled for 90 days; the newest 10 of each project stay');
});

it('the page says that nothing was decided yet', async () => {
  const { statusCode, text } = await sampleSite({ projects: [project] })(path);
  expect([statusCode, text]).toEqual([200, expect.stringContaining('Nothing was decided yet')]);
});

it('the JSON has the same', async () => {
  const site = sampleSite({ projects: [project], retention: { 'demo/app': report } });
  const { images, ...rule } = JSON.parse((await site(`/api/v1${path}`)).text);
  expect(rule).toEqual({ repository: 'slipway/demo/app', at: report.at, days: 90, newest: 10 });
  expect(images.items).toMatchObject([
    { digest: kept, expired: false, keptBecause: ['the tag latest names it'] },
    { digest: expired, expired: true, keptBecause: [] },
  ]);
});
