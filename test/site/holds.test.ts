import { expect, it } from 'vitest';
import type { HoldChange } from '../../core/model/hold.ts';
import type { KnownProject } from '../../site/readers.ts';
import { sampleProject, sampleSite } from './sample-site.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const path = '/projects/demo/app/latest';
const project: KnownProject = {
  ...sampleProject('demo/app:latest'),
  held: { id: 'hold:1', by: 'alice@example.org', at: '2026-11-20T10:00:00.000Z', reason: '<b>logins</b>' },
  released: { build: '0123456789abcdef', digest, tags: ['latest'], at: '2026-11-20T10:00:00.000Z' },
};
const changes: HoldChange[] = [
  {
    project: project.name,
    id: '0123456789abcdef',
    action: 'rolled back',
    at: '2026-11-20T10:00:00.000Z',
    by: 'alice@example.org',
    reason: '<script>alert(1)</script>',
    digest,
  },
];
const site = (over: Partial<KnownProject> = {}) => sampleSite({ projects: [{ ...project, ...over }], holds: changes });

it("a project's page says that its releases are held, by whom, why, and what ends that", async () => {
  const { text } = await site()(path);
  expect(text).toContain('Releases are held by alice: &lt;b&gt;logins&lt;/b&gt;. Since 2026-11-20 10:00:00 UTC.');
  expect(text).toContain('slipway unhold demo/app:latest');
  const ofIndex = await site({ held: undefined, hold: { until: '2099-12-31' } })(path);
  expect(ofIndex.text).toContain('Releases are held by the index until 2099-12-31');
  expect(ofIndex.text).toContain('Remove the key <code>hold</code> from its entry to end it.');
  expect((await site({ held: undefined })(path)).text).not.toContain('Releases are held');
});

it('holds and rollbacks are listed, with who, when and why, and no mail address', async () => {
  const { text } = await site()(`${path}/holds`);
  expect(text).toContain('rolled back');
  expect(text).toContain('&lt;script&gt;');
  expect(text).not.toContain('<script>alert');
  expect(text).not.toContain('example.org"');
  const answer = await site()(`/api/v1${path}/holds`);
  expect(JSON.parse(answer.text)).toMatchObject({
    items: [{ action: 'rolled back', by: 'alice', digest, builds: [] }],
  });
});

it('the API has the current release of a project, and its hold', async () => {
  const { text } = await site()(`/api/v1${path}`);
  expect(JSON.parse(text)).toMatchObject({
    released: { digest, tags: ['latest'] },
    hold: { by: 'alice@example.org', reason: '<b>logins</b>' },
  });
});
