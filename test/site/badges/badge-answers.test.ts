import { describe, expect, it } from 'vitest';
import { type ReleasedImage, releasedImageSchema } from '../../../core/releases/release.ts';
import type { ReleaseFindings } from '../../../core/releases/rescan-findings.ts';
import type { KnownProject, RecordReader } from '../../../site/readers.ts';
import { sampleBuild, sampleProject, sampleSite } from '../sample-site.ts';

const released = sampleBuild(10, { status: 'released' });

describe('the badge of the state', () => {
  it('says nothing of pull requests, however many there were since', async () => {
    const proposed = Array.from({ length: 40 }, (_, at) =>
      sampleBuild(at + 1, { status: 'blocked', ref: `refs/pull/${at}/head` }),
    );
    const ask = sampleSite({
      projects: [sampleProject('demo/app:latest')],
      builds: [...proposed, sampleBuild(99, { status: 'released' })],
    });
    expect((await ask('/badges/demo/app.svg')).text).toContain('released');
    expect(JSON.parse((await ask('/api/v1/projects/demo/app/latest')).text).lastBuild).toMatchObject({
      status: 'released',
    });
  });

  const projects = ['demo/app:latest', 'demo/app:v2', 'library/base:bookworm', 'demo/two:a', 'demo/two:b'].map((name) =>
    sampleProject(name),
  );
  const ask = sampleSite({ builds: [released], projects });
  const label = (text: string) => /aria-label="image: ([^"]+)"/.exec(text)?.[1];

  it('shows the last build of the tag latest, of a named tag, or of the only tag', async () => {
    const states = await Promise.all(
      ['/badges/demo/app.svg', '/badges/demo/app.svg?tag=v2', '/badges/library/base.svg'].map(async (path) => {
        const answer = await ask(path);
        return [answer.statusCode, answer.headers['content-type'], label(answer.text)];
      }),
    );
    expect(states).toEqual([
      [200, 'image/svg+xml; charset=utf-8', 'released'],
      [200, 'image/svg+xml; charset=utf-8', 'no build'],
      [200, 'image/svg+xml; charset=utf-8', 'no build'],
    ]);
  });

  it('is a picture that READMEs show too when there is no such project or no one tag to choose', async () => {
    for (const path of ['/badges/no/such.svg', '/badges/demo/two.svg', '/badges/demo/app.svg?tag=<x>']) {
      const answer = await ask(path);
      expect([answer.statusCode, label(answer.text)]).toEqual([200, 'unknown']);
    }
  });

  it('is kept for a minute, and not sent again to who has it', async () => {
    const first = await ask('/badges/demo/app.svg');
    expect(first.headers).toMatchObject({ 'cache-control': 'public, max-age=60', 'access-control-allow-origin': '*' });
    expect((await ask('/badges/demo/app.svg', { 'if-none-match': first.headers.etag ?? '' })).statusCode).toBe(304);
  });
});

const digest = `sha256:${'a'.repeat(64)}`;

function image(over: Partial<ReleasedImage> = {}): ReleasedImage {
  const releasedAt = '2026-11-11T11:00:00.000Z';
  const known = { project: 'demo/app:latest', digest, repository: 'demo/app', build: released.id, releasedAt };
  return releasedImageSchema.parse({ ...known, tags: new Set(['latest']), ...over });
}

describe('the badge of the version', () => {
  const label = async (...tags: string[]) => {
    const ask = sampleSite({
      projects: [sampleProject('demo/app:latest')],
      releases: tags.map((tag) => image({ tags: new Set([tag, 'latest']) })),
    });
    return /<title>(.+)<\/title>/.exec((await ask('/badges/demo/app/version.svg')).text)?.[1];
  };

  it('shows the highest that was released, whatever was released last', async () => {
    expect(await label('1.9.0', '1.10.0', '1.2.0', '2.0.0-rc.1')).toBe('version: 1.10.0');
    expect(await label('2.0.0-rc.1')).toBe('version: 2.0.0-rc.1');
    expect(await label()).toBe('version: none');
  });
});

describe('the badge of the oldest vulnerability that can be fixed', () => {
  const fixable = { id: 'CVE-2026-1', severity: 'LOW', package: 'zlib', installed: '1', fixed: '2' } as const;
  const project = (over: Partial<KnownProject> = {}): KnownProject => ({
    ...sampleProject('demo/app:latest'),
    released: { digest, build: released.id, tags: ['latest'], at: '2026-11-11T11:00:00.000Z' },
    ...over,
  });
  const label = async (findings: ReleaseFindings['findings'], over: Partial<KnownProject> = {}) => {
    const checkedAt = '2026-11-21T11:00:00.000Z';
    const ask = sampleSite({
      projects: [project(over)],
      releases: [image()],
      releaseFindings: { [digest]: { version: 1, checkedAt, state: 'complete', scan: {}, findings } },
    });
    const answer = await ask('/badges/demo/app/vulnerability.svg');
    expect(answer.statusCode).toBe(200);
    return /<title>fixable vulnerability: (.+)<\/title>/.exec(answer.text)?.[1];
  };

  it('says for how long the released image has had it', async () => {
    expect(await label([])).toBe('none');
    expect(await label([{ ...fixable, fixed: undefined, since: '2026-11-01T00:00:00.000Z' }])).toBe('none');
    expect(await label([{ ...fixable, since: '2026-11-21T10:00:00.000Z' }])).toBe('since today');
    expect(await label([{ ...fixable, since: '2026-11-20T10:00:00.000Z' }])).toBe('for 1 day');
    expect(
      await label([
        { ...fixable, since: '2026-11-20T10:00:00.000Z' },
        { ...fixable, id: 'CVE-2026-2' },
      ]),
    ).toBe('for 10 days');
  });

  it('does not count what the index accepts', async () => {
    const exceptions = [{ id: 'CVE-2026-1', owner: 'shop team', reason: 'Not reached', expires: '2027-01-01' }];
    expect(await label([fixable], { exceptions })).toBe('none');
  });

  it('takes the scan of the build until the image is scanned again, and says so where nothing is known', async () => {
    const scanned = (records: Partial<RecordReader>, over: Partial<KnownProject> = {}) =>
      sampleSite({ projects: [project(over)], releases: [image()], records })('/badges/demo/app/vulnerability.svg');
    const scan = async () => ({ state: 'complete' as const, findings: [fixable] });
    expect((await scanned({ scan })).text).toContain('for 10 days');
    expect((await scanned({})).text).toContain('not known');
    expect((await scanned({ scan }, { released: undefined })).text).toContain('not known');
  });
});
