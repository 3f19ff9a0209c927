import { describe, expect, it } from 'vitest';
import type { Build } from '../../core/model/build.ts';
import { commit, sampleBuild, sampleProject, sampleSite, siteUrl } from './sample-site.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const stage = (from: string, to: string, status: 'succeeded' | 'failed' = 'succeeded') => ({
  status,
  startedAt: `2026-11-21T11:${from}.000Z`,
  endedAt: `2026-11-21T11:${to}.000Z`,
});
const released = sampleBuild(10, {
  status: 'released',
  endedAt: '2026-11-21T11:51:12.000Z',
  stages: {
    build: stage('50:01', '50:40'),
    scan: stage('50:40', '50:55'),
    judge: stage('50:55', '50:56'),
    release: stage('50:56', '51:10'),
    tell: stage('51:10', '51:12'),
  },
  image: {
    repository: 'registry.example.org/demo/app',
    digest,
    tags: ['build-20261121T115000Z-1a2b3c4', 'latest', 'main'],
  },
  verdict: { outcome: 'pass', reasons: [], counts: { LOW: 3 } },
});
const blocked = sampleBuild(20, {
  status: 'blocked',
  endedAt: '2026-11-21T11:41:00.000Z',
  verdict: {
    outcome: 'block',
    reasons: ['CVE-2024-0001 (CRITICAL) in libdemo 1.0-1: update it to 1.0-2.'],
    counts: { CRITICAL: 1, LOW: 2 },
  },
});
const failed = sampleBuild(30, {
  status: 'failed',
  endedAt: '2026-11-21T11:31:00.000Z',
  failure: { error: 'DockerfileFailedError', message: 'Step RUN make ended with exit code 2.' },
});
const running = sampleBuild(1, {
  status: 'building',
  stages: { build: { status: 'running', startedAt: '2026-11-21T11:59:10.000Z' } },
});

/** Text as a person sees it. */
function seen(markup: string): string {
  return markup
    .replace(/<(style|noscript)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ');
}

describe('the overview', () => {
  const parts = (text: string) =>
    [...text.matchAll(/<section class="card \w+" aria-labelledby="(\w+)">([\s\S]*?)<\/section>/g)].map(
      ([, id, content = '']) => [id, seen(content).trim()],
    );

  it('has first what runs, what waits, and what failed or was blocked and was not built since', async () => {
    const other = { project: 'demo/other:latest' };
    const builds = [
      running,
      sampleBuild(2, { project: 'demo/next:latest' }),
      { ...failed, ...other },
      sampleBuild(31, { ...blocked, ...other, id: sampleBuild(31).id }),
      { ...failed, id: sampleBuild(32).id, project: 'demo/app:latest' },
    ];
    const projects = ['demo/app:latest', 'demo/next:latest', 'demo/other:latest'].map((name) => sampleProject(name));
    const { text } = await sampleSite({ builds, projects })('/');
    expect(parts(text).map(([id]) => id)).toEqual(['building', 'waiting', 'failed']);
    expect(parts(text)[0]?.[1]).toContain('Building now demo/app:latest building for 1 min');
    expect(parts(text)[1]?.[1]).toContain('Waiting: 8 run at once demo/next:latest');
    expect(parts(text)[2]?.[1]).toBe(
      'Failed, and not built since demo/other:latest Step RUN make ended with exit code 2. 30 min ago',
    );
  });

  it('has what failed long ago, whatever was built of other projects since', async () => {
    const others = Array.from({ length: 40 }, (_, at) => sampleBuild(at, { project: `demo/p${at}:latest` }));
    const builds = [
      ...others.map((build) => ({ ...build, status: 'released' as const })),
      ...others.map(({ project }, at) => sampleBuild(100 + at, { ...failed, id: sampleBuild(100 + at).id, project })),
      sampleBuild(10_000, { ...failed, id: sampleBuild(10_000).id, project: 'demo/old:latest' }),
    ];
    const projects = [...others.map(({ project }) => project), 'demo/old:latest'].map((name) => sampleProject(name));
    const { text } = await sampleSite({ builds, projects })('/');
    expect(parts(text)).toEqual([['failed', expect.stringContaining('demo/old:latest')]]);
  });

  it('has what a hold kept from its release', async () => {
    const held = sampleBuild(5, { status: 'unchanged', held: { by: 'alice', reason: 'the fair' } });
    const { text } = await sampleSite({ builds: [held], projects: [sampleProject(held.project)] })('/');
    expect(parts(text)).toEqual([
      [
        'held',
        'Held back from release demo/app:latest Held, would release. Releases are held by alice: the fair. 5 min ago',
      ],
    ]);
  });

  it('says that nothing needs anybody where that is so, and how to begin where nothing was built yet', async () => {
    expect(seen((await sampleSite({ builds: [released] })('/')).text)).toContain('nothing needs your eyes');
    const words = seen((await sampleSite({})('/')).text);
    expect(words).toContain('No builds yet. Push to the branch of a project');
    expect(words).not.toContain('nothing needs your eyes');
  });

  it('is left out where the list is narrowed, and costs a few queries', async () => {
    let lists = 0;
    const reader = {
      get: async () => undefined,
      getMany: async () => [],
      costs: async () => ({ items: [] }),
      list: async () => {
        lists += 1;
        return { items: [running] };
      },
    };
    const ask = sampleSite({ parts: { builds: reader } });
    expect((await ask('/')).text).toContain('id="overview"');
    expect(lists).toBe(5);
    expect((await ask('/?status=failed')).text).not.toContain('id="overview"');
  });
});

describe('the list of builds', () => {
  it('says of each build what, why, when and how it ended', async () => {
    const ask = sampleSite({ builds: [running, released, blocked] });
    const { text } = await ask('/');
    expect(seen(text)).toContain(
      'building demo/app:latest Push of commit 1a2b3c4 to branch main by alex main 1a2b3c4 1 min ago 1 min so far',
    );
    expect(seen(text)).toContain(
      'released demo/app:latest Push of commit 1a2b3c4 to branch main by alex main 1a2b3c4 10 min ago 1 min 12 s',
    );
    const pushed = sampleBuild(3, { authored: { by: 'Alex <alex@example.org>', subject: 'Answer <again>' } });
    expect(seen((await sampleSite({ builds: [pushed] })('/')).text)).toContain('demo/app:latest Answer <again> main');
    expect(text).toContain(`href="/builds/${released.id}"`);
    expect(text).toContain(
      '<time datetime="2026-11-21T11:50:00.000Z" title="2026-11-21 11:50:00 UTC">10 min ago</time>',
    );
  });

  it('follows while something runs, by script or by loading again, and is still otherwise', async () => {
    const live = await sampleSite({ builds: [running, released] })('/');
    expect(live.text).toContain('data-live="yes"');
    expect(live.text).toContain('<noscript><meta http-equiv="refresh" content="5"></noscript>');
    const still = await sampleSite({ builds: [released] })('/');
    expect(still.text).toContain('data-live="no"');
    expect(still.text).not.toContain('http-equiv="refresh"');
  });

  it('leads to the older builds and keeps the filter on the way', async () => {
    const builds = Array.from({ length: 25 }, (_, number) => sampleBuild(number, { status: 'failed' }));
    const ask = sampleSite({ builds });
    const { text } = await ask('/?status=failed');
    const next = /<a rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    expect(next).toMatch(/^\/\?status=failed&cursor=/);
    const second = await ask(next ?? '');
    expect(second.text.match(/<li>/g)).toHaveLength(5);
    expect(second.text).toContain('<a href="/?status=failed">← First page</a>');
    expect(text).toContain('<a href="/?status=failed" aria-current="true">failed</a>');
  });

  it('shows a newcomer what to do when there is no build yet', async () => {
    expect(seen((await sampleSite({})('/')).text)).toContain(
      'No builds yet. Push to the branch of a project of the index',
    );
  });
});

describe('the page of a build', () => {
  const ask = sampleSite({ builds: [running, released, blocked, failed] });
  const page = async (build: Build) => (await ask(`/builds/${build.id}`)).text;

  it('shows a release with the command that gets it, its tags, digest, verdict and stages', async () => {
    const text = await page(released);
    expect(seen(text)).toContain('docker pull registry.example.org/demo/app:build-20261121T115000Z-1a2b3c4');
    for (const part of [
      digest,
      'build-20261121T115000Z-1a2b3c4',
      'Verdict: passed',
      '3 low',
      'build succeeded 39 s',
      'release succeeded 14 s',
    ]) {
      expect(seen(text)).toContain(part);
    }
    expect(text).toContain(`href="https://github.com/demo/app/commit/${commit}"`);
  });

  it('stays small where an image has hundreds of tags, and says how many more there are', async () => {
    const tags = Array.from({ length: 500 }, (_, at) => `1.2.${at}`);
    const tagged: Build = { ...released, image: { repository: 'registry.example.org/demo/app', digest, tags } };
    const { text } = await sampleSite({ builds: [tagged] })(`/builds/${tagged.id}`);
    expect(seen(text)).toContain('1.2.39 and 460 more');
    expect(text).not.toContain('1.2.40');
  });

  it('says how many steps came from the cache, where it is known', async () => {
    const cached: Build = { ...released, cacheUse: { cached: 7, total: 9 } };
    const { text } = await sampleSite({ builds: [cached] })(`/builds/${cached.id}`);
    expect(seen(text)).toContain('Built 7 of 9 steps from the cache');
    expect(seen(await page(released))).not.toContain('from the cache');
  });

  it('shows why an image is blocked and what to do', async () => {
    expect(seen(await page(blocked))).toMatch(
      /Verdict: blocked 1 critical 2 low CVE-2024-0001 .* Push a commit that removes the reasons/,
    );
  });

  it('shows why a build failed and what to do', async () => {
    expect(seen(await page(failed))).toMatch(
      /What went wrong Step RUN make ended with exit code 2\. DockerfileFailedError\. .*Push a commit that fixes it/,
    );
  });

  it('follows a running build, and says its state to those who listen', async () => {
    const text = await page(running);
    expect(text).toContain('data-live="yes"');
    expect(text).toContain('id="announcement" class="unseen" aria-live="polite"');
    expect(seen(text)).toMatch(/build running .*scan to come judge to come/);
  });

  it('links no repository whose host it does not know, and never by another scheme than http', async () => {
    for (const sourceUrl of ['javascript:alert(1)', 'http://localhost:4600/git/demo/app.git', 'data:text/html,x']) {
      const text = (await sampleSite({ builds: [sampleBuild(1, { sourceUrl })] })(`/builds/${sampleBuild(1).id}`)).text;
      expect(text).not.toMatch(/href="(javascript|data|http):/);
    }
  });

  it('shows no credentials of a source address', async () => {
    const build = sampleBuild(1, { sourceUrl: 'https://user:secret-token@git.example.org/demo/app.git' });
    expect((await sampleSite({ builds: [build] })(`/builds/${build.id}`)).text).not.toContain('secret-token');
  });
});

describe('values from outside', () => {
  const hostile = '"><img src=x onerror=alert(1)><script>alert(2)</script>\'\u202e\r\n';
  const build = sampleBuild(1, {
    status: 'blocked',
    commit: hostile,
    ref: `refs/heads/${hostile}`,
    sourceUrl: hostile,
    cause: { type: 'push', delivery: hostile, ref: `refs/tags/${hostile}`, commit: hostile, pusher: hostile },
    verdict: { outcome: 'block', reasons: [hostile], counts: { [hostile]: 3, CRITICAL: 1 } },
    failure: { error: hostile, message: hostile },
    image: { repository: hostile, digest: hostile, tags: [hostile] },
  });
  const project = sampleProject('demo/app:latest', {
    gitUrl: hostile,
    gitBranch: hostile,
    source: hostile,
    dockerfile: hostile,
    context: hostile,
    dependsOn: [hostile],
  });
  const ask = sampleSite({ builds: [build], projects: [project], logs: { [build.id]: hostile } });

  it.each([
    '/',
    `/builds/${build.id}`,
    '/projects',
    '/projects/demo/app',
    '/projects/demo/app/latest',
    '/badges/demo/app.svg',
    `/?project=${encodeURIComponent(hostile)}`,
    `/${encodeURIComponent(hostile)}`,
  ])('are text, never markup: %s', async (path) => {
    const { text } = await ask(path);
    expect(text).not.toMatch(/<img src=x|<script>|onerror=alert\(1\)>(?!&)/);
    expect(text.match(/<script /g)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(text).not.toContain('\u202e');
  });
});

describe('every answer', () => {
  const ask = sampleSite({ builds: [released], projects: [sampleProject('demo/app:latest')] });

  it.each([
    '/',
    `/builds/${released.id}`,
    '/api/v1/builds',
    '/nothing',
    '/badges/demo/app.svg',
    `/api/v1/builds/${released.id}/log`,
  ])('lets no foreign script, frame or style in: %s', async (path) => {
    const { headers } = await ask(path);
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/);
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'strict-origin-when-cross-origin',
      'strict-transport-security': 'max-age=31536000',
    });
  });

  it('promises https only where the site has it', async () => {
    const local = sampleSite({ parts: { siteUrl: 'http://localhost:4600' } });
    expect((await local('/')).headers).not.toHaveProperty('strict-transport-security');
  });

  it('has no script or style in a page, and stays under 30 kB', async () => {
    const builds = Array.from({ length: 20 }, (_, number) => ({ ...released, id: sampleBuild(number).id }));
    const { text } = await sampleSite({ builds })('/');
    expect(text.length).toBeLessThan(30_000);
    expect(text).not.toMatch(/<style|style="|<script>| on[a-z]+="/);
  });

  it('has files that browsers keep for ever, and can ask after', async () => {
    const { text } = await ask('/');
    const files = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files).toHaveLength(3);
    for (const file of [...files, '/favicon.ico']) {
      const first = await ask(file);
      expect(first.statusCode).toBe(200);
      if (file !== '/favicon.ico') expect(first.headers['cache-control']).toBe('public, max-age=31536000, immutable');
      const again = await ask(file, { 'if-none-match': first.headers.etag ?? '' });
      expect([again.statusCode, again.text]).toEqual([304, '']);
    }
  });

  it('is a page with a way on for an address that leads nowhere', async () => {
    for (const [path, status] of [
      ['/nothing', 404],
      ['/builds/zzz', 404],
      ['/builds/ffffffffffffffff', 404],
      ['/projects/no/such', 404],
      ['/?limit=0', 400],
      ['/?cursor=x', 400],
    ] as const) {
      const answer = await ask(path);
      expect([path, answer.statusCode, answer.headers['content-type']]).toEqual([
        path,
        status,
        'text/html; charset=utf-8',
      ]);
      expect(answer.text).toContain('<a href="/">All builds</a>');
    }
  });

  it('say what to do about a build that was asked for and is not there', async () => {
    const { statusCode, text } = await sampleSite({})('/builds/00000000000000ff');
    expect([statusCode, seen(text)]).toEqual([404, expect.stringContaining('begins in a moment: load this again')]);
  });
});

describe('the pages of projects', () => {
  const projects = [
    sampleProject('demo/app:latest'),
    sampleProject('demo/app:v2', { active: false }),
    sampleProject('library/base:bookworm'),
  ];
  const ask = sampleSite({ builds: [released], projects });

  it('list them with the state of their last build', async () => {
    const text = seen((await ask('/projects')).text);
    expect(text).toContain('released demo/app:latest github.com/demo/app main 10 min ago');
    expect(text).toContain('no build demo/app:v2 github.com/demo/app main left the index');
  });

  it('show one with its builds, its badges to copy and a title for where it is linked', async () => {
    const { text } = await ask('/projects/demo/app/latest');
    expect(text).toContain(`![image](${siteUrl}/badges/demo/app.svg?tag=latest)`);
    expect(text).toContain(`![version](${siteUrl}/badges/demo/app/version.svg?tag=latest)`);
    expect(text).toContain('<meta property="og:title" content="demo/app:latest">');
    expect(text).toContain(`href="/builds/${released.id}"`);
    expect((await ask(`/builds/${released.id}`)).text).toMatch(
      /"og:description" name="description" content="Push of commit .+"/,
    );
    expect(text).not.toContain('owner@example.org');
  });
});

describe('a build that was not built for itself alone', () => {
  it('leads to its cascade and to the build that replaced it', async () => {
    const build = sampleBuild(40, {
      status: 'superseded',
      cascade: '20261121T115000Z-0000cc',
      supersededBy: released.id,
    });
    const { text } = await sampleSite({ builds: [build] })(`/builds/${build.id}`);
    expect(text).toContain('href="/cascades/20261121T115000Z-0000cc"');
    expect(text).toContain(`href="/builds/${released.id}"`);
  });

  it('of a pull request says that it passed, and that nothing was released', async () => {
    const cause = { type: 'pull-request', delivery: 'd', number: 7, commit, author: 'alex' } as const;
    const build = sampleBuild(41, { status: 'unchanged', cause, ref: 'refs/pull/7/head' });
    const words = seen((await sampleSite({ builds: [build] })(`/builds/${build.id}`)).text);
    expect(words).toContain('The image would be released');
    expect(words).toContain('Pull request #7 at commit 1a2b3c4 by alex');
  });

  it('that was skipped says why, without calling it an error', async () => {
    const failure = { error: 'ParentFailedError', message: 'demo/base:latest failed.' };
    const build = sampleBuild(42, { status: 'cancelled', failure });
    const words = seen((await sampleSite({ builds: [build] })(`/builds/${build.id}`)).text);
    expect(words).toContain('Why not demo/base:latest failed.');
    expect(words).not.toContain('What went wrong');
  });
});

it('a project shows what its entry asks for, and which exception has ended', async () => {
  const project = sampleProject('demo/app:latest', {
    extraTags: ['stable'],
    target: 'runtime',
    buildArgs: { NODE_VERSION: '24' },
    labels: { team: 'shop' },
    buildSecrets: { npmrc: 'npm-token' },
    paths: ['src/**'],
    versionTags: false,
    schedule: 'rate(1 day)',
    exceptions: [{ id: 'CVE-1', reason: 'not <b>reachable</b>', owner: 'o@example.org', expires: '2026-11-20' }],
  });
  const { text } = await sampleSite({ projects: [project] })('/projects/demo/app/latest');
  const words = seen(text);
  for (const part of [
    'stable',
    'Stage runtime',
    'NODE_VERSION=24',
    'team=shop',
    'Secrets npmrc=npm-token',
    'src/**',
    'build nothing',
    'rate(1 day) UTC',
    'CVE-1 until 2026-11-20 (ended)',
  ])
    expect(words).toContain(part);
  expect(text).not.toContain('<b>reachable');
  expect(text).not.toContain('o@example.org');
});

it('a project shows by what its images are judged, with what VEX statements accept', async () => {
  const project = sampleProject('demo/app:latest', {
    policy: {
      maxSeverity: 'LOW',
      unscannable: 'warn',
      scanners: { 'user-test': 'warn', capabilities: 'block', sbom: 'block' },
    },
    exceptions: [{ id: 'CVE-1', package: 'openssl', reason: 'why', owner: 'shop team', expires: '2027-01-01' }],
    vex: [
      {
        ids: ['CVE-2', 'GHSA-x'],
        status: 'not_affected',
        justification: 'component_not_present',
        author: 'someone@example.org',
        expires: '2027-01-02',
        file: 'vex/<i>.json',
      },
    ],
  });
  const { text } = await sampleSite({ projects: [project] })('/projects/demo/app/latest');
  const words = seen(text);
  for (const part of [
    'vulnerabilities of LOW at most',
    'an image that cannot be scanned passes with a warning',
    'findings of capabilities, sbom block',
    'findings of user-test warn',
    'CVE-1 in openssl until 2027-01-01: why (shop team)',
    'CVE-2 GHSA-x until 2027-01-02: component not present (vex/<i>.json)',
  ]) {
    expect(words).toContain(part);
  }
  expect(text).not.toContain('someone@example.org');
});

it.each([
  [{ movedTo: 'https://git.example/new/<b>.git' }, 'renamed or transferred to https://git.example/new/<b>.git'],
  [{ error: 'its host answered 404.' }, 'The repository could not be read: its host answered 404.'],
  [
    { error: 'x answered 500.', retryAt: '2026-11-21T12:20:00.000Z' },
    'The repository could not be read: x answered 500. It is asked again at 2026-11-21 12:20:00 UTC',
  ],
  [{ missing: ['refs/heads/main'] }, 'The repository has no branch main . Its first push is built'],
])('a project says what is wrong with its repository', async (source, sentence) => {
  const project = sampleProject('demo/app:latest');
  const asked: string[] = [];
  const ask = sampleSite({
    projects: [project],
    parts: {
      sources: {
        async get(name) {
          asked.push(name);
          return name === project.source ? source : undefined;
        },
      },
    },
  });
  const { text } = await ask('/projects/demo/app/latest');
  expect(seen(text)).toContain(sentence);
  expect(text).not.toContain('<b>');
  expect(asked).toEqual([project.source, `//${project.source.split('/')[0]}`]);
});

it('a project says so if the whole host of its repository cannot be reached', async () => {
  const get = async (name: string) =>
    name === '//git.example' ? { error: 'git.example cannot be reached.' } : undefined;
  const project = sampleProject('demo/app:latest', { source: 'git.example/demo/app' });
  const { text } = await sampleSite({ projects: [project], parts: { sources: { get } } })('/projects/demo/app/latest');
  expect(seen(text)).toContain('The repository could not be read: git.example cannot be reached.');
});

it('a project shows what it stands on, which pin holds it back, who stands on it, and the cascade that it waits in', async () => {
  const [used, newer] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`];
  const ask = sampleSite({
    projects: [
      sampleProject('demo/app:latest', { dependsOn: ['demo/base:latest'] }),
      {
        ...sampleProject('demo/base:latest'),
        released: { build: released.id, digest: newer, tags: ['latest'], at: '2026-11-19T12:00:00.000Z' },
      },
    ],
    parts: {
      relations: {
        statuses: async () => [
          { reference: 'demo/base:latest', image: 'r/demo/base:latest', digest: used, own: true, pinned: false },
          {
            reference: `debian:12@${used}`,
            image: 'docker.io/library/debian:12',
            digest: used,
            own: false,
            pinned: true,
            newer,
            since: '2026-11-21T07:00:00.000Z',
          },
          { reference: '<i>', image: '<i>', own: false, pinned: false, reason: 'nobody listens <there>' },
        ],
        dependents: async () => ({ projects: ['demo/child:latest'], more: 30 }),
        pending: async () => ({ cascade: '20261121T115000Z-0000cc', state: 'waiting' }),
      },
    },
  });
  const { text } = await ask('/projects/demo/app/latest');
  const words = seen(text);
  expect(text).toContain('href="/projects/demo/base/latest"');
  expect(text).toContain('href="/projects/demo/child/latest"');
  expect(text).toContain('href="/cascades/20261121T115000Z-0000cc"');
  expect(words).toContain('pinned by its digest the tag names sha256:222222222222 , first seen 5 h ago');
  expect(words).toContain('demo/base:latest sha256:111111111111 now sha256:222222222222 , released 2 days ago');
  expect(words).toContain('and 30 more');
  expect(words).toContain('nobody listens <there>');
  expect(text).not.toContain('<i>');
});

it('a project shows how to get its image, from which Dockerfile it is, what to run, and its history', async () => {
  const project = {
    ...sampleProject('demo/app:latest', { dependsOn: ['demo/base:latest'] }),
    released: { build: released.id, digest, tags: ['latest'], at: '2026-11-21T11:51:00.000Z' },
  };
  const builds = [
    released,
    { ...blocked, id: sampleBuild(21).id },
    failed,
    sampleBuild(31, { ...running, ref: 'refs/pull/1/head' }),
  ];
  const { text } = await sampleSite({ projects: [project], builds })('/projects/demo/app/latest');
  const words = seen(text);
  expect(words).toContain('docker pull registry.example.org/demo/app:latest');
  expect(text).toContain(`href="https://github.com/demo/app/blob/${commit}/Dockerfile#L1"`);
  expect(words).toContain('npx slipway build demo/app:latest');
  expect(words).toContain('[![image](https://slipway.example.org/badges/demo/app.svg?tag=latest)]');
  expect(text).toContain('aria-label="How long the last 3 builds took, and how they ended"');
  expect(words).toContain('2026-11-21 11:40:00 UTC blocked 1 min');
  expect(words).toContain('1 critical, 2 low');
  expect(text).toContain('<title>demo/base:latest: built on</title>');

  const many = Array.from({ length: 100 }, (_, at) => ({ ...blocked, id: sampleBuild(at).id }));
  const full = await sampleSite({ projects: [project], builds: many })('/projects/demo/app/latest');
  expect(full.text).toContain('aria-label="How many vulnerabilities the images of the last 30 judged builds had"');
  expect(full.text.length).toBeLessThan(45_000);
});

it('a project’s page reads its builds once, whatever its address asks for, and leads to the older ones', async () => {
  const builds = Array.from({ length: 45 }, (_, at) => ({ ...released, id: sampleBuild(at).id }));
  const ask = sampleSite({ projects: [sampleProject('demo/app:latest')], builds });
  const rows = (text: string) => text.match(/<li>\n<span class="chip/g)?.length;
  const { text } = await ask('/projects/demo/app/latest?status=failed&limit=1');
  expect(rows(text)).toBe(30);
  const next = /<a rel="next" href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
  expect(rows((await ask(next ?? '')).text)).toBe(15);
});
