import { describe, expect, it } from 'vitest';
import { progressOf } from '../../core/cascade/progress.ts';
import type { CascadeMember, CascadeSummary } from '../../site/readers.ts';
import { now, sampleSite, siteUrl } from './sample-site.ts';

const summary: CascadeSummary = {
  id: '20261121T115000Z-0000cc',
  startedAt: '2026-11-21T11:50:00.000Z',
  causes: [
    {
      event: 'one',
      cause: { type: 'parent-released', parents: ['demo/base:latest'] },
      at: '2026-11-21T11:50:00.000Z',
    },
    {
      event: 'two',
      cause: { type: 'manual', requester: 'Alex <alex@example.org>' },
      at: '2026-11-21T11:51:00.000Z',
    },
  ],
  counts: { released: 1, waiting: 1, skipped: 1 },
  levels: [],
  first: [],
};
const member = (project: string, over: Partial<CascadeMember>): CascadeMember => ({
  project,
  state: 'waiting',
  parents: [],
  root: false,
  since: '2026-11-21T11:52:00.000Z',
  version: 1,
  ...over,
});
const members = [
  member('demo/app:latest', { state: 'waiting', parents: ['demo/lib:latest'] }),
  member('demo/lib:latest', { state: 'released', build: '00000000000000aa', root: true }),
  member('demo/old:latest', { state: 'skipped', reason: 'demo/<b>broken</b>:latest failed.' }),
];
const ask = sampleSite({ cascades: [{ summary, members }] });

describe('a cascade', () => {
  it('is one page: what set it off, how far it is, and what each project waits for', async () => {
    const { statusCode, text } = await ask('/cascades/20261121T115000Z-0000cc');
    expect(statusCode).toBe(200);
    expect(text).toContain('1 waiting, 1 released, 1 skipped');
    expect(text).toContain('New release of demo/base:latest');
    expect(text).toContain('waits for demo/lib:latest');
    expect(text).toContain('href="/builds/00000000000000aa"');
    expect(text).toContain('demo/&lt;b&gt;broken');
    expect(text).toContain('data-live="yes"');
    expect(text).toContain('<a href="/builds/00000000000000aa"><title>demo/lib:latest: released</title>');
    expect(text).toContain('The 3 projects of the cascade in the order in which they are built');
  });

  it('is in the list with its cause', async () => {
    const { text } = await ask('/cascades');
    expect(text).toContain('href="/cascades/20261121T115000Z-0000cc"');
    expect(text).toContain('New release of demo/base:latest, and 1 more');
  });

  it('is JSON too, without mail addresses', async () => {
    const { text } = await ask('/api/v1/cascades/20261121T115000Z-0000cc');
    expect(JSON.parse(text)).toMatchObject({
      id: summary.id,
      endedAt: null,
      counts: summary.counts,
      projectsUrl: `${siteUrl}/api/v1/cascades/20261121T115000Z-0000cc/projects`,
    });
    expect(text).not.toContain('alex@');
    const projects = JSON.parse((await ask('/api/v1/cascades/20261121T115000Z-0000cc/projects')).text);
    expect(projects.items.map(({ project, state }: CascadeMember) => `${project} ${state}`)).toEqual([
      'demo/app:latest waiting',
      'demo/lib:latest released',
      'demo/old:latest skipped',
    ]);
  });

  it('of thousands of projects is read at a glance: what has failed and what is built first, then how far it is', async () => {
    const all = Array.from({ length: 5000 }, (_, at) =>
      member(`app-${at % 97}/job-${at}:latest`, {
        state: at % 100 === 57 ? 'failed' : at % 50 === 9 ? 'building' : at < 2500 ? 'released' : 'waiting',
        parents: at < 97 ? [] : [`app-${(at - 97) % 97}/job-${at - 97}:latest`],
        build: '00000000000000aa',
      }),
    );
    const site = sampleSite({
      cascades: [{ summary: { ...summary, ...progressOf(all, summary.startedAt) }, members: all }],
    });
    const { text } = await site(`/cascades/${summary.id}`);
    expect(Buffer.byteLength(text)).toBeLessThan(60_000);
    const at = (part: string) => text.indexOf(part);
    expect(at('Failed, blocked and being built')).toBeLessThan(at('<h2>Order</h2>'));
    expect(at('<h2>Order</h2>')).toBeLessThan(at('<h2>Projects</h2>'));
    expect(text).toContain('and 32 more steps after these.');
    expect(text.match(/chip bad/g)).toHaveLength(10);
  });

  it('that was cancelled says who did it and why, without a mail address', async () => {
    const cancelled = { by: 'alex@example.org', at: now.toISOString(), reason: 'the <wrong> base' };
    const site = sampleSite({ cascades: [{ summary: { ...summary, cancelled }, members: [] }] });
    const path = `/cascades/${summary.id}`;
    const shown = (await site(path)).text;
    expect(shown).toContain('alex cancelled the cascade');
    expect(shown).toContain('the &lt;wrong&gt; base');
    expect(JSON.parse((await site(`/api/v1${path}`)).text).cancelled).toEqual({ ...cancelled, by: 'alex' });
  });

  it('that is not there is not found', async () => {
    expect((await ask('/cascades/20261121T115000Z-0000dd')).statusCode).toBe(404);
    expect((await ask('/api/v1/cascades/20261121T115000Z-0000dd/projects')).statusCode).toBe(404);
  });
});
