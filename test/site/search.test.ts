import { describe, expect, it } from 'vitest';
import type { ReleasedImage } from '../../core/releases/release.ts';
import { readWanted } from '../../site/search.ts';
import { cpuTime } from '../cpu-time.ts';
import { commit, sampleBuild, sampleProject, sampleSite } from './sample-site.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const release: ReleasedImage = {
  project: 'demo/app:latest',
  digest,
  repository: 'slipway/demo/app',
  build: sampleBuild(1).id,
  releasedAt: '2026-11-21T11:00:00.000Z',
  tags: new Set(['1.2.3', 'latest', 'build-20261121T110000Z-1a2b3c4']),
  floating: ['latest'],
  state: 'waiting',
};
const projects = [
  sampleProject('demo/app:latest'),
  sampleProject('demo/app-tools:latest', { source: 'github.com/demo/app' }),
  sampleProject('shop/nginx:stable'),
];
const build = sampleBuild(0xabcdef1);
const ask = sampleSite({ builds: [build, sampleBuild(2, { commit: 'f'.repeat(40) })], projects, releases: [release] });

const found = async (text: string) => {
  const { text: body } = await ask(`/api/v1/search?q=${encodeURIComponent(text)}`);
  const { items }: { items: { kind: string; name: string; url: string }[] } = JSON.parse(body);
  return items.map(({ kind, name }) => `${kind} ${name}`);
};

describe('a search finds', () => {
  it.each([
    ['demo/', ['project demo/app-tools:latest', 'project demo/app:latest']],
    ['ngin', ['project shop/nginx:stable']],
    ['shop/nginx:stable', ['project shop/nginx:stable']],
    ['https://github.com/demo/app.git', ['project demo/app:latest', 'project demo/app-tools:latest']],
    ['github.com/shop/nginx', ['project shop/nginx:stable']],
    [digest, [`release ${digest}`]],
    [`localhost:4600/demo/app@${digest}`, [`release ${digest}`]],
    [commit, [`build ${build.id}`]],
    ['1A2B3C4', [`build ${build.id}`]],
    ['build-20261121T110000Z-1a2b3c4', [`build ${build.id}`]],
    [build.id, [`build ${build.id}`]],
    ['demo/app:1.2.3', ['project demo/app-tools:latest', 'project demo/app:latest', `release ${digest}`]],
    [
      '123456789012.dkr.ecr.eu-west-1.amazonaws.com/slipway/demo/app:latest',
      ['project demo/app:latest', 'project demo/app-tools:latest', `release ${digest}`],
    ],
    ['nothing/like-it', []],
    ['../../etc/passwd', []],
    ['<script>alert(1)</script>', []],
    ['   ', []],
  ])('%s', async (text, expected) => {
    expect((await found(text)).toSorted()).toEqual(expected.toSorted());
  });
});

it('one thing that was found is shown at once, several as a list', async () => {
  expect(await ask(`/search?q=${build.id}`)).toMatchObject({
    statusCode: 303,
    headers: { location: `/builds/${build.id}` },
  });
  const { text } = await ask('/search?q=demo');
  expect(text).toContain('href="/projects/demo/app/latest"');
  expect(text).toContain('2 results for “demo”.');
});

it('nothing that is searched for is markup, and the page says what can be found', async () => {
  const { text } = await ask(`/search?q=${encodeURIComponent('"><script>alert(1)</script>')}`);
  expect(text).not.toContain('<script>');
  expect(text).toContain('Nothing was found for');
  expect(text).toContain('What is found');
  expect((await ask(`/search?q=${'x'.repeat(301)}`)).statusCode).toBe(400);
});

it('a text is read soon, whatever it is', () => {
  const began = cpuTime();
  for (const text of ['/', 'a', '.', ':', 'a/', 'a.', 'a.b/']) readWanted(text.repeat(300));
  expect(cpuTime() - began).toBeLessThan(500);
});
