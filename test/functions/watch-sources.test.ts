import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SourceSecretError } from '../../core/model/errors.ts';
import type { Project } from '../../core/model/project.ts';
import type { TriggerOf } from '../../core/model/trigger.ts';
import { sourceOf } from '../../core/sources/source.ts';
import { createNotifyUnreadable } from '../../functions/sources/notify-unreadable.ts';
import { createWatchSources } from '../../functions/watch-sources.ts';
import { createSourceHost } from '../../services/git-host/git-remote.ts';
import { createProjectSources } from '../../services/git-host/project-sources.ts';
import { createPublicFetch } from '../../services/http/public-fetch.ts';
import { createSources } from '../../services/tables/sources.ts';
import { type FakeGitHost, startFakeGitHost } from '../builder/fake-git-host.ts';
import { startHost } from '../services/http.ts';
import { setUpServices, silentLogger, type TestServices } from './services-setup.ts';

type SourceMoved = TriggerOf<'source-moved'>;

let world: TestServices;
let host: FakeGitHost;
let sent: SourceMoved[];
let asked: string[];

beforeEach(async () => {
  [world, host] = await Promise.all([setUpServices(), startFakeGitHost()]);
  sent = [];
  asked = [];
  host.commit('slipway/index', { 'index.d/demo.yml': 'Projects: []\n' });
});
afterEach(async () => {
  await host[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** A process of its own: it knows what stands in the tables. */
function watcher() {
  const fetch = createPublicFetch({ privateHosts: ['localhost', '127.0.0.1'] });
  const sourceHost = createSourceHost((url, request) => {
    asked.push(`${request?.method ?? 'GET'} ${url}`);
    return fetch(url, request);
  });
  const watch = createWatchSources({
    projects: world.projects,
    heads: world.heads,
    indexHead: world.indexHead,
    sources: createSources(world.client, 'sources'),
    triggers: { send: async (trigger) => void sent.push(trigger as SourceMoved) },
    refsOf: sourceHost.refsOf,
    projectSources: createProjectSources(sourceHost, async ({ sourceSecret }, isFresh) => {
      if (sourceSecret === undefined) return undefined;
      if (sourceSecret === 'by-app' && isFresh) throw new SourceSecretError('The GitHub App is suspended for demo.');
      const password = 'the-password';
      return { url: host.url, username: 'x', password, authorization: `Basic ${btoa(`x:${password}`)}` };
    }),
    index: {
      url: `${host.url}/slipway/index.git`,
      source: sourceOf(`${host.url}/slipway/index`),
      ref: 'refs/heads/main',
    },
    indexAuthorization: async () => undefined,
    notifyUnreadable: createNotifyUnreadable({
      mailer: world.mailer,
      recipients: world.recipients,
      logger: silentLogger,
      siteUrl: 'https://slipway.example',
      indexUrl: 'https://git.example/slipway/index',
    }),
    logger: silentLogger,
  });
  return (milliseconds = 60_000) => {
    sent = [];
    asked = [];
    return watch(new Date(Date.now() + milliseconds));
  };
}

/** The host in the names of its repositories. */
const hostOf = (url: string) => sourceOf(`${url}/a`).split('/')[0] ?? '';

function track(job: string, over: Partial<Project> = {}): Promise<Project> {
  const gitUrl = over.gitUrl ?? `${host.url}/demo/${job}.git`;
  return world.track({ name: `demo/${job}:latest`, jobId: job, gitUrl, source: sourceOf(gitUrl), ...over });
}

/** That a head was planned, by whatever trigger. */
async function plan(project: Project, commit: string, ref = 'refs/heads/main'): Promise<void> {
  const key = { project: project.name, ref };
  const known = await world.heads.get(project.name, ref);
  if (!(await world.heads.advance(key, known, { commit, build: randomUUID() }))) throw new Error('The head has moved.');
}

/** That the index stands at a commit that was applied. */
async function applyIndex(): Promise<void> {
  const commit = host.git('slipway/index', 'rev-parse', 'HEAD');
  await world.indexHead.advance(await world.indexHead.get(), commit);
}

const refsSent = () => sent.flatMap(({ refs }) => refs);

describe('a head that no build has', () => {
  beforeEach(applyIndex);

  it('is sent until it is planned, and then no more', async () => {
    const commit = host.commit('demo/app', { Dockerfile: 'FROM scratch\n' });
    const project = await track('app');
    const watch = watcher();
    await watch();
    expect(sent).toEqual([
      {
        type: 'source-moved',
        id: expect.stringMatching(/^source-moved:/),
        source: project.source,
        refs: ['refs/heads/main'],
      },
    ]);
    await watcher()();
    expect(refsSent()).toEqual(['refs/heads/main']);
    await plan(project, commit);
    await watch();
    expect(sent).toEqual([]);
  });

  it('is one of those that are tracked: other branches and repositories without one are nothing', async () => {
    const main = host.commit('demo/app', { Dockerfile: 'FROM scratch\n' });
    const project = await track('app');
    await plan(project, main);
    host.commit('demo/app', { Dockerfile: 'FROM debian\n' }, 'main-2');
    host.commit('demo/empty', {}, 'other');
    await track('empty');
    expect(await watcher()()).toMatchObject({ triggers: 0, failed: 0 });
    expect(sent).toEqual([]);
  });

  it('is missed where a project tracks a branch that the repository does not have, until it is pushed', async () => {
    const main = host.commit('demo/app', { Dockerfile: 'FROM scratch\n' });
    const project = await track('app', { gitBranch: 'mian' });
    const known = async () => (await createSources(world.client, 'sources').get(project.source))?.missing;
    await watcher()();
    expect(await known()).toEqual(['refs/heads/mian']);
    host.update('demo/app', `create refs/heads/mian ${main}\n`);
    await watcher()();
    expect(await known()).toBeUndefined();
  });

  it('is found in a private repository with the secret of the entry, and not without', async () => {
    host.commit('vault/app', { Dockerfile: 'FROM scratch\n' });
    host.protect('vault/', 'the-password');
    const gitUrl = `${host.url}/vault/app.git`;
    const nosy = await track('nosy', { gitUrl });
    expect(await watcher()()).toMatchObject({ triggers: 0, checked: 2 });
    const { sources } = await createSources(world.client, 'sources').all();
    expect(sources.get(nosy.source)?.error).toContain('There is no such repository, or it is not public');
    const vault = await track('vault', { gitUrl, sourceSecret: 'deploy' });
    expect(await watcher()()).toMatchObject({ triggers: 1 });
    expect(sent).toMatchObject([{ source: vault.source, refs: ['refs/heads/main'] }]);
  });

  it('is not found where the host refuses the token of the entry, and what is shown says what to do', async () => {
    host.commit('vault/app', { Dockerfile: 'FROM scratch\n' });
    host.protect('vault/', 'a-newer-password');
    const { source } = await track('vault', { gitUrl: `${host.url}/vault/app.git`, sourceSecret: 'deploy' });
    expect(await watcher()()).toMatchObject({ triggers: 0 });
    const { sources } = await createSources(world.client, 'sources').all();
    const [found] = [...sources.values()].filter((each) => each.source.startsWith(source));
    expect(found?.error).toMatch(/^Its host answered 40\d: the token of "source-secret" "deploy" .* store another/);
    expect(found?.error).not.toContain('password');
  });

  it('is found by one request, however many projects are built from the repository', async () => {
    const main = host.commit('demo/mono', { Dockerfile: 'FROM scratch\n' });
    host.commit('demo/mono', { Dockerfile: 'FROM debian\n' }, 'next');
    const gitUrl = `${host.url}/demo/mono.git`;
    const done = await track('one', { gitUrl });
    await track('two', { gitUrl });
    await track('three', { gitUrl, gitBranch: 'next' });
    await plan(done, main);
    const watch = watcher();
    await watch();
    expect(refsSent().toSorted()).toEqual(['refs/heads/main', 'refs/heads/next']);
    await watch();
    // The index and the repository; what the host speaks was asked once, at first.
    expect(asked.map((line) => line.replace(host.url, ''))).toEqual([
      'POST /demo/mono.git/git-upload-pack',
      'POST /slipway/index.git/git-upload-pack',
    ]);
  });

  it('is found on a host of the old protocol', async () => {
    host.speaksOldProtocol = true;
    host.commit('demo/app', { Dockerfile: 'FROM scratch\n' });
    await track('app');
    await watcher()();
    expect(refsSent()).toEqual(['refs/heads/main']);
  });

  it('is that of the index, too', async () => {
    host.commit('slipway/index', {
      'index.d/demo.yml': 'Projects: [] # a push whose delivery was lost\n',
    });
    const watch = watcher();
    await watch();
    expect(sent).toMatchObject([{ source: sourceOf(`${host.url}/slipway/index`), refs: ['refs/heads/main'] }]);
    await applyIndex();
    await watch();
    expect(sent).toEqual([]);
  });

  it('is nothing for a project that has left the index, whose source is forgotten', async () => {
    host.commit('demo/app', { Dockerfile: 'FROM scratch\n' });
    const project = await track('app', { versionTags: true });
    const sources = createSources(world.client, 'sources');
    await watcher()();
    expect([...(await sources.all()).sources.keys()]).toEqual([project.source]);
    await world.projects.put({ ...project, active: false });
    await watcher()();
    expect(sent).toEqual([]);
    expect([...(await sources.all()).sources.keys()]).toEqual([]);
  });
});

describe('version tags', () => {
  let project: Project;
  let main: string;

  beforeEach(async () => {
    await applyIndex();
    main = host.commit('demo/app', { Dockerfile: 'FROM scratch\n' });
    host.git('demo/app', 'tag', 'v1.0.0');
    project = await track('app');
    await plan(project, main);
    await watcher()();
  });

  it('that were there before are not built', () => expect(sent).toEqual([]));

  it('that are new are sent, many at once as well, annotated ones with the commit that they are at', async () => {
    const next = host.commit('demo/app', { Dockerfile: 'FROM debian\n' }, 'next');
    for (const tag of ['v1.0.1', 'v1.1.0', '2.0.0', 'v2.1.0-rc.1', 'nightly', 'v3'])
      host.git('demo/app', 'tag', tag, main);
    host.git('demo/app', 'tag', '--annotate', '--message', 'release', 'v2.0.0', next);
    await watcher()();
    expect(refsSent().toSorted()).toEqual([
      'refs/tags/2.0.0',
      'refs/tags/v1.0.1',
      'refs/tags/v1.1.0',
      'refs/tags/v2.0.0',
      'refs/tags/v2.1.0-rc.1',
    ]);
    await watcher()();
    expect(sent).toEqual([]);
  });

  it('that have moved are sent', async () => {
    const next = host.commit('demo/app', { Dockerfile: 'FROM debian\n' }, 'next');
    host.git('demo/app', 'tag', '--force', 'v1.0.0', next);
    await watcher()();
    expect(refsSent()).toEqual(['refs/tags/v1.0.0']);
  });

  it('are nothing for an entry that does not build them', async () => {
    await world.projects.put({ ...project, versionTags: false });
    await watcher()();
    host.git('demo/app', 'tag', 'v9.0.0');
    await watcher()();
    expect(sent).toEqual([]);
    expect((await createSources(world.client, 'sources').all()).sources.size).toBe(0);
  });
});

describe('a repository that cannot be read', () => {
  beforeEach(applyIndex);

  it('is left alone for longer each time, and keeps no other from being read', async () => {
    host.commit('demo/app', { Dockerfile: 'FROM scratch\n' });
    await track('app');
    const gone = await track('gone');
    const watch = watcher();
    expect(await watch()).toMatchObject({ checked: 3 });
    expect(refsSent()).toEqual(['refs/heads/main']);
    expect(await watch()).toMatchObject({ checked: 2 });
    const sources = createSources(world.client, 'sources');
    const known = (await sources.all()).sources.get(gone.source);
    expect(known).toMatchObject({ failures: 1, error: expect.stringContaining('not public') });
    await sources.put({ source: gone.source, failures: 3, retryAt: new Date(0).toISOString() });
    await watch();
    const later = (await sources.all()).sources.get(gone.source);
    expect(later?.failures).toBe(4);
    expect(Date.parse(later?.retryAt ?? '') - Date.now()).toBeGreaterThan(60 * 60_000);
    // It is made, and its time comes.
    host.commit('demo/gone', { Dockerfile: 'FROM scratch\n' });
    await sources.put({ source: gone.source, failures: 4, retryAt: new Date(0).toISOString() });
    await watch();
    expect(refsSent()).toContain('refs/heads/main');
    expect((await sources.all()).sources.get(gone.source)?.failures ?? 0).toBe(0);
  });

  it('of a host that is down costs one request, however many there are', async () => {
    const dead = await startHost(() => undefined);
    await dead[Symbol.asyncDispose]();
    for (let at = 0; at < 20; at++) await track(`dead-${at}`, { gitUrl: `${dead.url}/demo/dead-${at}.git` });
    const watch = watcher();
    expect(await watch()).toMatchObject({ sources: 21, checked: 2, hostsDown: [hostOf(dead.url)] });
    expect(await watch()).toMatchObject({ checked: 1, hostsDown: [] });
    const sources = createSources(world.client, 'sources');
    await sources.put({ source: `//${hostOf(dead.url)}`, failures: 1, retryAt: new Date(0).toISOString() });
    expect(await watch()).toMatchObject({ checked: 2 });
  });

  it('of a host that gets too many requests waits for as long as the host says', async () => {
    await using busy = await startHost((_, response) => response.writeHead(429, { 'retry-after': '1800' }).end());
    for (let at = 0; at < 5; at++) await track(`busy-${at}`, { gitUrl: `${busy.url}/demo/busy-${at}.git` });
    expect(await watcher()()).toMatchObject({ hostsDown: [hostOf(busy.url)] });
    expect(busy.requests).toHaveLength(1);
    const known = (await createSources(world.client, 'sources').all()).sources.get(`//${hostOf(busy.url)}`);
    expect(Date.parse(known?.retryAt ?? '') - Date.now()).toBeGreaterThan(25 * 60_000);
  });

  it('that was renamed is read where it is now, and its new address is recorded until the index has it', async () => {
    host.commit('demo/new', { Dockerfile: 'FROM scratch\n' });
    await using gate = await startHost(({ path }, response) =>
      response.writeHead(301, { location: `${host.url}${path.replace('/old', '/new')}` }).end(),
    );
    const old = await track('old', { gitUrl: `${gate.url}/demo/old.git` });
    await watcher()();
    expect(refsSent()).toEqual(['refs/heads/main']);
    const sources = createSources(world.client, 'sources');
    expect(await sources.get(old.source)).toMatchObject({ failures: 0, movedTo: `${host.url}/demo/new.git` });
    await track('old', { gitUrl: `${host.url}/demo/new.git` });
    await watcher()();
    expect(await sources.get(old.source)).toBeUndefined();
    expect((await sources.get(sourceOf(`${host.url}/demo/new`)))?.movedTo).toBeUndefined();
  });

  it('is told to its people once, when it could not be read twice in a row, with what to do', async () => {
    host.commit('vault/app', { Dockerfile: 'FROM scratch\n' });
    host.protect('vault/', 'a-newer-password');
    await track('vault', { gitUrl: `${host.url}/vault/app.git`, sourceSecret: 'deploy' });
    await track('quiet', { gitUrl: `${host.url}/vault/app.git`, sourceSecret: 'deploy', notify: [] });
    const sources = createSources(world.client, 'sources');
    const again = async () => {
      await watcher()();
      for (const each of (await sources.failing(10)) ?? [])
        await sources.put({ ...each, retryAt: new Date(0).toISOString() });
    };
    await again();
    expect(world.mails).toEqual([]);
    for (let failure = 2; failure <= 4; failure++) await again();
    expect(world.mails).toMatchObject([
      {
        to: ['owner@example.org'],
        mail: {
          subject: '[slipway] SOURCE NOT READABLE: demo/vault:latest',
          text: expect.stringMatching(/the token of "source-secret" "deploy" has ended/),
        },
      },
    ]);
    expect(world.mails[0]?.mail.text).not.toContain('password');
  });

  it('says what became of the app that opened it until now', async () => {
    host.commit('vault/app', { Dockerfile: 'FROM scratch\n' });
    host.protect('vault/', 'a-newer-password');
    await track('vault', { gitUrl: `${host.url}/vault/app.git`, sourceSecret: 'by-app' });
    await watcher()();
    const [failing] = (await createSources(world.client, 'sources').failing(10)) ?? [];
    expect(failing?.error).toBe('The GitHub App is suspended for demo.');
  });

  it('whose people cannot be told yet is found as it was by the next run', async () => {
    const gone = await track('gone');
    const sources = createSources(world.client, 'sources');
    await sources.put({ source: gone.source, failures: 1, retryAt: new Date(0).toISOString() });
    const { send } = world.mailer;
    world.mailer.send = () => Promise.reject(new Error('SES does not answer.'));
    await watcher()();
    expect(await sources.get(gone.source)).toMatchObject({ failures: 1 });
    world.mailer.send = send;
    await watcher()();
    expect(world.mails).toHaveLength(1);
    expect(await sources.get(gone.source)).toMatchObject({ failures: 2 });
  });
});

describe('a host that knows the list of last time', () => {
  it('is believed that nothing has changed, until something has', async () => {
    await applyIndex();
    const line = (text: string) => (text.length + 4).toString(16).padStart(4, '0') + text;
    const commits = ['a'.repeat(40), 'b'.repeat(40)];
    let at = 0;
    const answered: number[] = [];
    await using old = await startHost(({ headers }, response) => {
      const etag = `"${at}"`;
      const isSame = headers['if-none-match'] === etag;
      answered.push(isSame ? 304 : 200);
      if (isSame) return response.writeHead(304, { etag }).end();
      const list = `${line('# service=git-upload-pack\n')}0000${line(`${commits[at]} refs/heads/main\0agent=x\n`)}0000`;
      response.writeHead(200, { etag, 'content-type': 'application/x-git-upload-pack-advertisement' }).end(list);
    });
    await track('app', { gitUrl: `${old.url}/demo/app.git` });
    const watch = watcher();
    await watch();
    await watch();
    expect(answered).toEqual([200, 304]);
    // It was not planned yet, and is not forgotten.
    expect(refsSent()).toEqual(['refs/heads/main']);
    at = 1;
    await watch();
    expect(refsSent()).toEqual(['refs/heads/main']);
  });
});

describe('a run that has no time left', () => {
  it('ends, and the next one begins with what it did not reach', async () => {
    await applyIndex();
    for (const job of ['a', 'b', 'c']) {
      host.commit(`demo/${job}`, { Dockerfile: 'FROM scratch\n' });
      await track(job);
    }
    const watch = watcher();
    expect(await watch(0)).toMatchObject({ checked: 0, left: 4 });
    await createSources(world.client, 'sources').breakOff(sourceOf(`${host.url}/demo/b`));
    await watch();
    // A host is asked one thing first.
    expect(sent[0]?.source).toBe(sourceOf(`${host.url}/demo/b`));
    expect(sent).toHaveLength(3);
  });
});
