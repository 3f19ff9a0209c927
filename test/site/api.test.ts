import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Answer, commit, sampleBuild, sampleProject, sampleSite, siteUrl } from './sample-site.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const builds = [
  sampleBuild(1, { status: 'building' }),
  sampleBuild(2, {
    status: 'released',
    image: { repository: 'registry.example.org/demo/app', digest, tags: ['latest'] },
    verdict: { outcome: 'pass', reasons: [], counts: { LOW: 1 } },
    stages: {
      build: { status: 'succeeded', startedAt: '2026-11-21T11:58:00.000Z', endedAt: '2026-11-21T11:58:30.000Z' },
    },
    endedAt: '2026-11-21T11:59:00.000Z',
  }),
  sampleBuild(3, { project: 'demo/other:latest', status: 'failed', endedAt: '2026-11-21T11:59:00.000Z' }),
];
const projects = ['demo/other:latest', 'demo/app:latest', 'demo/app:v2', 'library/base:bookworm'].map((name) =>
  sampleProject(name),
);
const ask = sampleSite({ builds, projects });
const body = (answer: Answer) => JSON.parse(answer.text);

describe('the API', () => {
  it('gives one build in the published shape', async () => {
    const answer = await ask(`/api/v1/builds/${builds[1]?.id}`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'access-control-allow-origin': '*',
    });
    expect(body(answer)).toEqual({
      id: '0000000000000002',
      project: 'demo/app:latest',
      status: 'released',
      cause: { type: 'push', delivery: 'delivery', ref: 'refs/heads/main', commit, pusher: 'alex' },
      commit,
      ref: 'refs/heads/main',
      image: { repository: 'registry.example.org/demo/app', digest, tags: ['latest'] },
      stages: [
        {
          name: 'build',
          status: 'succeeded',
          startedAt: '2026-11-21T11:58:00.000Z',
          endedAt: '2026-11-21T11:58:30.000Z',
        },
      ],
      verdict: { outcome: 'pass', reasons: [], counts: { LOW: 1 } },
      authored: null,
      cacheUse: null,
      scanners: null,
      changes: null,
      held: null,
      failure: null,
      cost: null,
      waiting: null,
      platforms: null,
      cascade: null,
      supersededBy: null,
      createdAt: '2026-11-21T11:58:00.000Z',
      startedAt: null,
      endedAt: '2026-11-21T11:59:00.000Z',
      logUrl: `${siteUrl}/api/v1/builds/0000000000000002/log`,
      url: `${siteUrl}/builds/0000000000000002`,
    });
  });

  it('lists builds by project and by status', async () => {
    const ids = async (query: string) =>
      body(await ask(`/api/v1/builds${query}`)).items.map(({ id }: { id: string }) => Number(`0x${id}`));
    expect(await ids('')).toEqual([1, 2, 3]);
    expect(await ids('?project=demo/app:latest')).toEqual([1, 2]);
    expect(await ids('?project=demo%2Fapp%3Alatest&status=released')).toEqual([2]);
    expect(await ids('?status=failed')).toEqual([3]);
    expect(await ids('?project=no/such:project')).toEqual([]);
    expect(await ids(`?commit=${commit}&status=failed`)).toEqual([3]);
    expect(await ids(`?commit=${'0'.repeat(40)}`)).toEqual([]);
    expect(await ids('?since=2026-11-21T11:58:00Z')).toEqual([1, 2]);
    expect(await ids('?since=2026-11-21T12:58:30%2B01:00')).toEqual([1]);
    expect(await ids('?since=2026-11-22')).toEqual([]);
    expect(await ids('?project=&status=&cursor=&limit=')).toEqual([1, 2, 3]);
  });

  it('gives a long list page by page, each build once', async () => {
    const many = Array.from({ length: 45 }, (_, number) => sampleBuild(number));
    const site = sampleSite({ builds: many });
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = body(await site(`/api/v1/builds?${new URLSearchParams({ cursor, limit: '20' })}`));
      seen.push(...page.items.map(({ id }: { id: string }) => id));
      cursor = page.cursor;
    }
    expect(seen).toEqual(many.map(({ id }) => id));
  });

  it('answers 20 when no limit is asked for, and at most 100', async () => {
    const site = sampleSite({ builds: Array.from({ length: 130 }, (_, number) => sampleBuild(number)) });
    expect(body(await site('/api/v1/builds')).items).toHaveLength(20);
    expect(body(await site('/api/v1/builds?limit=100')).items).toHaveLength(100);
    for (const limit of ['0', '101', '-1', '1.5', '1e1', 'ten', '0x10', '99999999999']) {
      const answer = await site(`/api/v1/builds?limit=${limit}`);
      expect([limit, answer.statusCode, body(answer).code]).toEqual([limit, 400, 'InvalidLimit']);
    }
  });

  it('refuses a cursor that was changed, made up, or given by another list', async () => {
    const site = sampleSite({ builds: Array.from({ length: 5 }, (_, number) => sampleBuild(number)), projects });
    const { cursor } = body(await site('/api/v1/builds?limit=2'));
    for (const [path, wrong] of [
      ['/api/v1/builds', `${cursor}x`],
      ['/api/v1/builds', `1${cursor}`],
      ['/api/v1/builds', 'bm9uc2Vuc2U'],
      ['/api/v1/builds', '.'],
      // Sealed with what everybody can compute.
      ['/api/v1/builds', `2.${createHash('sha256').update('builds\n{}\n2').digest('base64url').slice(0, 12)}`],
      ['/api/v1/builds', 'x'.repeat(5000)],
      ['/api/v1/projects', cursor],
      ['/api/v1/builds?status=queued', cursor],
    ]) {
      const url = new URL(path, siteUrl);
      url.searchParams.set('cursor', wrong);
      const answer = await site(url.href);
      expect([answer.statusCode, body(answer).code]).toEqual([400, 'InvalidCursor']);
    }
  });

  it('says what is wrong with a parameter', async () => {
    for (const [query, code] of [
      ['status=done', 'InvalidStatus'],
      ['project=demo', 'InvalidProject'],
      ['project=demo/app', 'InvalidProject'],
      ['project=%3Cscript%3E', 'InvalidProject'],
      ['commit=1a2b3c', 'InvalidCommit'],
      ['since=yesterday', 'InvalidSince'],
      ['since=2026-02-30', 'InvalidSince'],
      ['digest=sha256:ab', 'InvalidDigest'],
      ['tag=1.2.3', 'InvalidTag'],
      ['project=demo/app:latest&tag=a/b', 'InvalidTag'],
    ]) {
      const answer = await ask(`/api/v1/builds?${query}`);
      expect([answer.statusCode, body(answer).code]).toEqual([400, code]);
      expect(body(answer).detail).not.toContain('<');
    }
  });

  it('lists projects by name, with their last build and without the addresses of their owners', async () => {
    const answer = await ask('/api/v1/projects');
    expect(
      body(answer).items.map(({ name, lastBuild }: { name: string; lastBuild: { status: string } | null }) => [
        name,
        lastBuild?.status,
      ]),
    ).toEqual([
      ['demo/app:latest', 'building'],
      ['demo/app:v2', undefined],
      ['demo/other:latest', 'failed'],
      ['library/base:bookworm', undefined],
    ]);
    expect(answer.text).not.toContain('owner@example.org');
  });

  it('pages the projects too, and narrows them to one job or one tag', async () => {
    const names = (answer: Answer) => body(answer).items.map(({ name }: { name: string }) => name);
    const first = await ask('/api/v1/projects?limit=3');
    const second = await ask(`/api/v1/projects?limit=3&cursor=${encodeURIComponent(body(first).cursor)}`);
    expect([...names(first), ...names(second)]).toEqual([
      'demo/app:latest',
      'demo/app:v2',
      'demo/other:latest',
      'library/base:bookworm',
    ]);
    expect(body(second).cursor).toBeNull();
    expect(names(await ask('/api/v1/projects?prefix=demo/o'))).toEqual(['demo/other:latest']);
    expect(body(await ask('/api/v1/projects?prefix=%2F')).code).toBe('InvalidPrefix');
    expect(names(await ask('/api/v1/projects/demo/app'))).toEqual(['demo/app:latest', 'demo/app:v2']);
    expect(body(await ask('/api/v1/projects/demo/app/v2'))).toMatchObject({
      name: 'demo/app:v2',
      active: true,
      source: { branch: 'main' },
    });
  });

  it('answers 404 as JSON for what is not there', async () => {
    for (const [path, code] of [
      ['/api/v1/builds/ffffffffffffffff', 'BuildNotFound'],
      ['/api/v1/builds/ffffffffffffffff/log', 'BuildNotFound'],
      ['/api/v1/builds/not-an-id', 'NotFound'],
      ['/api/v1/projects/no/such', 'ProjectNotFound'],
      ['/api/v1/projects/demo/app/no-such-tag', 'ProjectNotFound'],
      ['/api/v2', 'NotFound'],
      ['/api/v1/projects/demo/%2e%2e%2fapp', 'NotFound'],
      ['/api/v1/builds/%00', 'NotFound'],
    ]) {
      const answer = await ask(path ?? '');
      expect([path, answer.statusCode, body(answer).code]).toEqual([path, 404, code]);
    }
  });

  it('only reads', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await ask('/api/v1/builds', {}, method);
      expect([answer.statusCode, answer.headers.allow, body(answer).code]).toEqual([
        405,
        'GET, HEAD',
        'MethodNotAllowed',
      ]);
    }
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await ask('/api/v1/projects/demo/app/latest/hold', {}, method);
      expect([answer.statusCode, answer.headers.allow, body(answer).code]).toEqual([405, 'POST', 'MethodNotAllowed']);
    }
    const head = await ask('/api/v1/builds', {}, 'HEAD');
    expect([head.statusCode, head.text, head.headers['content-type']]).toEqual([
      200,
      '',
      'application/json; charset=utf-8',
    ]);
  });

  it('says what a problem is, of which kind, and what to do next', async () => {
    const answer = await ask('/api/v1/builds?limit=0');
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(body(answer)).toEqual({
      type: `${siteUrl}/api/v1/openapi.json#/components/examples/InvalidLimit`,
      title: 'Invalid limit',
      status: 400,
      detail: 'The parameter "limit" is a whole number from 1 to 100.',
      instance: '/api/v1/builds',
      code: 'InvalidLimit',
    });
  });

  it('may be read by the pages of other sites', async () => {
    const answer = await ask('/api/v1/builds/0000000000000002', { origin: 'https://elsewhere.example' }, 'OPTIONS');
    expect([answer.statusCode, answer.headers]).toMatchObject([
      204,
      { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'GET, HEAD' },
    ]);
    expect((await ask('/', {}, 'OPTIONS')).statusCode).toBe(405);
    expect((await ask('/')).headers).not.toHaveProperty('access-control-allow-origin');
  });

  it.each([
    '/api/v1/builds',
    '/api/v1/builds/0000000000000002',
    '/api/v1/projects',
    '/api/v1/openapi.json',
    '/',
    '/projects',
  ])('does not send %s again to who has it', async (path) => {
    const first = await ask(path);
    const again = await ask(path, { 'if-none-match': `"other", W/${first.headers.etag}` });
    expect([again.statusCode, again.text, again.headers.etag]).toEqual([304, '', first.headers.etag]);
    expect(again.headers['cache-control']).toBe(first.headers['cache-control']);
  });

  it('names the next page of a list in the header too, with the same filters', async () => {
    const answer = await ask('/api/v1/builds?project=demo/app:latest&limit=1');
    const [, next = ''] = /^<(.+)>; rel="next"$/.exec(answer.headers.link ?? '') ?? [];
    expect(next).toContain(`${siteUrl}/api/v1/builds?project=demo%2Fapp%3Alatest&limit=1&cursor=`);
    expect(body(await ask(next)).items).toMatchObject([{ id: '0000000000000002' }]);
  });

  it('leaves an e-mail address out of the name of who pushed', async () => {
    const cause = {
      type: 'push' as const,
      delivery: 'd',
      ref: 'refs/heads/main',
      commit,
      pusher: 'Alex <alex@example.org>',
    };
    const site = sampleSite({ builds: [sampleBuild(1, { cause })] });
    expect(body(await site('/api/v1/builds')).items[0].cause.pusher).toBe('Alex');
    expect((await site('/')).text).not.toContain('alex@example.org');
  });

  it('says nothing of an inner error to the client, and all of it to the operator', async () => {
    const errors: unknown[] = [];
    const broken = new Error('table arn:aws:dynamodb:us-east-1:123456789012:table/builds is gone');
    const fail = () => Promise.reject(broken);
    const site = sampleSite({
      errors,
      parts: { builds: { get: fail, getMany: fail, list: fail, costs: fail } },
    });
    const answer = await site('/api/v1/builds');
    expect([answer.statusCode, body(answer).code]).toEqual([500, 'InternalError']);
    expect(answer.text + (await site('/')).text).not.toContain('dynamodb');
    expect(errors).toEqual([broken, broken]);
  });

  it('says when to try again where AWS has too much to do, or the answer takes too long', async () => {
    const failing = (name: string) => {
      const fail = () => Promise.reject(Object.assign(new Error('of a service'), { name }));
      return sampleSite({ parts: { builds: { get: fail, getMany: fail, list: fail, costs: fail } } });
    };
    const never = () => new Promise<never>(() => undefined);
    for (const site of [
      failing('ThrottlingException'),
      failing('TimeoutError'),
      sampleSite({
        parts: { builds: { get: never, getMany: never, list: never, costs: never } },
        signal: AbortSignal.timeout(1),
      }),
    ]) {
      const answer = await site('/api/v1/builds');
      expect([answer.statusCode, answer.headers['retry-after'], body(answer).code]).toEqual([503, '5', 'Overloaded']);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect((await site('/')).text).toContain('<a href="">Try again</a>');
    }
  });

  it('is alive', async () => {
    expect(await ask('/healthz')).toMatchObject({ statusCode: 200, text: 'ok\n' });
  });
});
