import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Build } from '../../core/model/build.ts';
import { eventually } from '../eventually.ts';
import { type FakeHost, startHost } from '../services/http.ts';
import { now, sampleBuild, sampleProject, sampleSite } from '../site/sample-site.ts';
import { slipway } from './slipway.ts';

/** The commands that read, against the real answers of the API. */
let folder: string;
let site: FakeHost;
let content: Parameters<typeof sampleSite>[0];

const failed = sampleBuild(3, {
  project: 'demo/web:latest',
  status: 'failed',
  endedAt: now.toISOString(),
  failure: { error: 'BuildError', message: 'RUN make failed.\u001b[31m' },
});
const blocked = sampleBuild(4, {
  project: 'demo/old:latest',
  status: 'blocked',
  endedAt: now.toISOString(),
  verdict: { outcome: 'block', reasons: ['CVE-1 in openssl.', 'CVE-2 in zlib.'], counts: {} },
});
const building = sampleBuild(1, { status: 'building', startedAt: now.toISOString() });
const log = [
  '==> fetch (2026-11-21T01:16:43Z, +0.4 s)',
  'from git',
  '==> build (2026-11-21T01:16:44Z, +1.4 s)',
  '\u001b[31mred\u001b[0m',
  '',
];

/** A deployment that takes signed calls, too. */
const commanding = () => join(folder, 'commanding');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-reading-'));
  site = await startHost(async ({ path, method }, response) => {
    if (path === '/healthz') return response.writeHead(200).end();
    if (method === 'POST') {
      for (const { summary } of content.cascades ?? []) {
        const at = now.toISOString();
        Object.assign(summary, {
          endedAt: at,
          cancelled: { by: 'alice', at },
          counts: { released: 12, cancelled: 488 },
        });
      }
      return response.writeHead(202).end(JSON.stringify({ id: 'cancel-cascade:1', build: null }));
    }
    const { statusCode = 500, headers, bytes } = await sampleSite(content)(path, {}, method);
    return response.writeHead(statusCode, headers).end(bytes);
  });
  const outputs = {
    SiteUrl: site.url,
    TriggersQueueUrl: `${site.url}/queue`,
    WebhooksUrl: `${site.url}/webhooks`,
    WebhookSecretArn: 'arn:secret',
    GitHosts: '[{"kind":"github","url":"https://github.com","apiUrl":"https://api.github.com"}]',
    IndexRepository: 'demo/index',
  };
  const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'secret' };
  const facts = { url: site.url, endpoint: `${site.url}/aws`, region: 'us-east-1', credentials, outputs };
  await writeFile(join(folder, 'local.json'), JSON.stringify(facts));
  await mkdir(commanding());
  const signed = { ...facts, outputs: { ...outputs, ApiUrl: site.url } };
  await writeFile(join(commanding(), 'local.json'), JSON.stringify(signed));
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  content = {
    projects: ['demo/app:latest', 'demo/web:latest', 'demo/old:latest', 'demo/gone:latest'].map((name) => ({
      ...sampleProject(name, { active: name !== 'demo/gone:latest' }),
      ...(name === 'demo/old:latest' && {
        held: { id: 'hold:1', by: 'alice', at: now.toISOString(), reason: 'the fair' },
      }),
    })),
    builds: [building, failed, blocked],
    logs: { [failed.id]: log.join('\n') },
  };
});

const call = (...args: string[]) => slipway([...args, '--data', folder]);

describe('slipway status', () => {
  it('says what builds, has failed, is blocked and held', async () => {
    const { code, out } = await call('status');
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split('\t').filter((_, at) => at !== 2))).toEqual([
      ['building', 'demo/app:latest', building.id, 'Push of commit 1a2b3c4 to branch main by alex'],
      ['failed', 'demo/web:latest', failed.id, 'RUN make failed. [31m'],
      ['blocked', 'demo/old:latest', blocked.id, 'CVE-1 in openssl. (and 1 more)'],
      ['held', 'demo/old:latest', '', 'by alice: the fair'],
      [''],
    ]);
    const { out: json } = await call('status', '--json');
    expect(JSON.parse(json)).toMatchObject({ projects: { building: 1, failed: 1, blocked: 1 } });
  });

  it('says to people that all is well, and what to do at the beginning', async () => {
    content = {};
    const { out } = await slipway(['status', '--data', folder], { width: 80 });
    expect(out).toMatch(/^Nothing builds, .*\n0 projects: the index is empty or not known yet/s);
  });
});

it('slipway cost sums up what the builds of a month cost, of all projects or of one', async () => {
  const cost = { machineUsd: 0.01, controlUsd: 0.0006, storageUsdPerMonth: 0.01, pricesOf: '2026-11-29' };
  content.projects = ['demo/app:latest', 'demo/web:latest'].map((name) => sampleProject(name));
  content.builds = Array.from({ length: 30 }, (_, at) =>
    sampleBuild(at, {
      project: at % 3 ? 'demo/app:latest' : 'demo/web:latest',
      createdAt: '2026-10-02T00:00:00.000Z',
      cost,
    }),
  );
  const { items } = JSON.parse((await call('cost', '--month', '2026-10', '--json')).out);
  expect(items).toMatchObject([
    { project: 'demo/app:latest', builds: 20, machineUsd: 0.2 },
    { project: 'demo/web:latest', builds: 10, machineUsd: 0.1 },
  ]);
  const one = await call('cost', '--month', '2026-10', '--project', 'demo/web');
  expect(one.out).toBe('demo/web:latest\t10\t$0.1060\t$0.1000\t$0.0060\t$0.1000\n');
  expect((await call('cost', '--month', 'october')).code).toBe(2);
});

describe('slipway projects', () => {
  it.each([
    [[], ['demo/app:latest', 'demo/old:latest', 'demo/web:latest']],
    [['--all'], ['demo/app:latest', 'demo/gone:latest', 'demo/old:latest', 'demo/web:latest']],
    [['WEB'], ['demo/web:latest']],
    [['github.com/demo/old'], ['demo/old:latest']],
    [['nothing'], []],
  ])('%j lists %j', async (args, expected) => {
    const { code, out } = await call('projects', ...args, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out).map(({ name }: { name: string }) => name)).toEqual(expected);
  });

  it('lists more than a page', async () => {
    content.projects = Array.from({ length: 250 }, (_, at) => sampleProject(`demo/app-${at}:latest`));
    expect((await call('projects')).out.split('\n')).toHaveLength(251);
  });
});

describe('slipway builds', () => {
  it.each<[string[], Build[]]>([
    [[], [building, failed, blocked]],
    [
      ['--limit', '2'],
      [building, failed],
    ],
    [['demo/web'], [failed]],
    [['--status', 'blocked'], [blocked]],
    [['--since', '2026-11-21T11:57:30Z'], [building]],
    [['--since', '2020-01-01', '--commit', 'F'.repeat(40)], []],
  ])('%j lists the newest first', async (args, expected) => {
    const { code, out } = await call('builds', ...args, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out).map(({ id }: Build) => id)).toEqual(expected.map(({ id }) => id));
  });

  it.each([
    [['demo/wbe'], 2, /Did you mean demo\/web\?/],
    [['--since', 'yesterday'], 2, /is not a time/],
    [['--status', 'done'], 2, /Allowed choices are/],
    [['--limit', '0'], 2, /whole number/],
  ])('%j is refused, with what is right', async (args, code, message) => {
    expect(await call('builds', ...args)).toMatchObject({ code, out: '', err: expect.stringMatching(message) });
  });
});

describe('slipway log', () => {
  it('prints the log of a build, or of the newest of a project, without its colours', async () => {
    const expected = [...log.slice(0, 3), 'red', ''].join('\n');
    expect((await call('log', failed.id)).out).toBe(expected);
    expect((await call('log', 'demo/web')).out).toBe(expected);
    expect((await call('log', `${site.url}/builds/${failed.id}`)).out).toBe(expected);
  });

  it('prints one section', async () => {
    expect((await call('log', failed.id, '--section', 'build')).out).toBe([log[2], 'red', ''].join('\n'));
    const { code, err } = await call('log', failed.id, '--section', 'scan');
    expect([code, err]).toEqual([2, expect.stringContaining('It has fetch, build.')]);
  });

  it('follows a build until it ends, and ends as it does', async () => {
    const following = call('log', building.id, '--follow');
    const path = `/api/v1/builds/${building.id}/log`;
    await eventually(() => expect(site.requests.map((request) => request.path)).toContain(`${path}?from=0`));
    content.logs = { [building.id]: 'one\ntwo' };
    content.builds = [{ ...building, status: 'failed', endedAt: now.toISOString() }];
    expect(await following).toMatchObject({ code: 1, out: 'one\ntwo', err: expect.stringMatching(/failed\n$/) });
  });

  /** Follows a build that is not there, until it is waited for. */
  async function followAbsent(id: string, onWait: () => void) {
    const errors: string[] = [];
    const err = (text: string) => {
      errors.push(text);
      if (text.includes(`There is no build ${id} yet: waiting`)) onWait();
    };
    const { code, out } = await slipway(['log', id, '-f', '--data', folder], { err });
    return { code, out, errors };
  }

  it('waits for a build that was just asked for, and says so', async () => {
    content.builds = [];
    const followed = await followAbsent(building.id, () => {
      content.logs = { [building.id]: 'one\n' };
      content.builds = [{ ...building, status: 'released', endedAt: now.toISOString() }];
    });
    expect(followed).toMatchObject({ code: 0, out: 'one\n' });
  });

  it('does not wait forever for a build that does not begin', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const { code, errors } = await followAbsent('00000000000000ff', () => vi.setSystemTime(Date.now() + 121_000));
      expect([code, errors.at(-1)]).toEqual([2, expect.stringContaining('There is no build 00000000000000ff, or')]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('says of a build without a log why it was called for', async () => {
    const { code, out, err } = await call('log', blocked.id);
    expect([code, out, err]).toEqual([0, '', expect.stringMatching(/\nIt has no log: Push of commit/)]);
  });

  it('says that there is none', async () => {
    expect(await call('log', '00000000000000ff')).toMatchObject({ code: 2, err: expect.stringContaining('no build') });
    expect(await call('log', 'x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('neither the id of a build'),
    });
  });
});

it.each([
  [[], ''],
  [['demo/web'], 'projects/demo/web/latest'],
])('slipway open %j prints the address for a program', async (args, path) => {
  expect(await call('open', ...args)).toEqual({ code: 0, out: `${site.url}/${path}\n`, err: '' });
});

it('takes a job without a tag for the one entry that the index still has of it', async () => {
  content.projects = [sampleProject('demo/app:latest', { active: false }), sampleProject('demo/app:1.0')];
  expect((await call('open', 'demo/app')).out).toBe(`${site.url}/projects/demo/app/1.0\n`);
  content.projects.push(sampleProject('demo/app:2.0'));
  expect((await call('open', 'demo/app')).out).toBe(`${site.url}/projects/demo/app/latest\n`);
});

it('slipway verify takes a project, and says where nothing was released', async () => {
  expect(await call('verify', 'demo/web')).toMatchObject({ code: 2, err: expect.stringMatching(/has no release yet/) });
  expect(await call('verify', 'demo/wbe')).toMatchObject({ code: 2, err: expect.stringMatching(/mean demo\/web\?/) });
});

it('slipway cancel stops nothing that has ended', async () => {
  expect(await call('cancel', failed.id)).toMatchObject({ code: 1, err: expect.stringMatching(/has ended: failed/) });
});

it('slipway cancel stops a whole cascade, and says what was released before', async () => {
  const id = '20261121T115000Z-0000cc';
  const summary = { id, startedAt: now.toISOString(), causes: [], levels: [], first: [] };
  const counts = { released: 12, waiting: 488 };
  content.cascades = [{ summary: { ...summary, counts }, members: [] }];
  const cancel = (...args: string[]) => slipway(['cancel', ...args, '--data', commanding()]);
  const { code, out, err } = await cancel(`${site.url}/cascades/${id}`, '--reason', 'the wrong base');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain(`Cascade ${id} is cancelled: 12 released, 488 cancelled\nWhat was released stays`);
  expect(await cancel(id)).toMatchObject({ code: 1, err: expect.stringContaining('has ended') });
  expect(await cancel('20261121T115000Z-0000dd')).toMatchObject({
    code: 2,
    err: expect.stringContaining('There is no cascade'),
  });
});

it('completes the names of projects on this machine', async () => {
  for (const words of [
    ['--data', folder, 'complete', '--', 'builds', 'demo/w'],
    ['complete', '--', 'builds', '--data', folder, 'demo/w'],
  ])
    expect((await slipway(words)).out).toBe('demo/web:latest\n');
});
