import { expect, it } from 'vitest';
import { commit, sampleBuild, sampleProject, sampleSite, siteUrl } from './sample-site.ts';

const path = '/projects/demo/app/latest/builds.atom';
const evil = '</summary><script>alert(1)</script>\u0000\u0008\ufffe&';

const ask = sampleSite({
  projects: [sampleProject('demo/app:latest'), sampleProject('demo/new:latest')],
  builds: [
    sampleBuild(1, { status: 'building' }),
    sampleBuild(2, { status: 'failed', ref: 'refs/pull/7/head' }),
    sampleBuild(3, {
      status: 'blocked',
      endedAt: '2026-11-21T11:58:30.000Z',
      cause: { type: 'push', delivery: 'd', ref: 'refs/heads/main', commit, pusher: `Alex ${evil} <alex@example.org>` },
      verdict: { outcome: 'block', reasons: [evil], counts: {} },
    }),
    sampleBuild(4, { status: 'released', endedAt: '2026-11-21T11:57:00.000Z' }),
  ],
});

it('a project has a feed of its ended builds, which its page names', async () => {
  const { statusCode, headers, text } = await ask(path);
  expect(statusCode).toBe(200);
  expect(headers).toMatchObject({
    'content-type': 'application/atom+xml; charset=utf-8',
    'access-control-allow-origin': '*',
  });
  expect(headers).toHaveProperty('etag');
  expect([...text.matchAll(/<title>(.+)<\/title>/g)].map(([, title]) => title)).toEqual([
    'Builds of demo/app:latest',
    'demo/app:latest: blocked',
    'demo/app:latest: released',
  ]);
  expect(text).toContain('<updated>2026-11-21T11:58:30.000Z</updated>');
  expect(text).toContain(`<id>${siteUrl}/builds/${sampleBuild(4).id}</id>`);
  expect((await ask('/projects/demo/app/latest')).text).toContain(
    `type="application/atom+xml" title="demo/app:latest" href="${path}"`,
  );
});

it('a feed has nothing of a stranger as markup, and nothing that XML cannot have', async () => {
  const { text } = await ask(path);
  expect(text).toContain('&lt;script&gt;');
  expect(text).not.toMatch(/<script|alex@example|[^\P{Cc}\n]|[\ufffe\uffff]/u);
});

it('a project without a build has an empty feed', async () => {
  const { text } = await ask('/projects/demo/new/latest/builds.atom');
  expect(text).toContain('<updated>1970-01-01T00:00:00.000Z</updated>');
  expect(text).not.toContain('<entry>');
});
