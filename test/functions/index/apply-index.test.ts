import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../core/model/errors.ts';
import { IndexTooLargeError, IndexTooSlowError } from '../../../services/git-host/index-repository.ts';
import { MailRejectedError } from '../../../services/mail/mailer.ts';
import { atEveryCrashPoint } from '../crash-points.ts';
import { indexCommit, indexFile, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { digest } from '../services-setup.ts';

type Planning = Awaited<ReturnType<typeof setUpPlanBuilds>>;

const built = async (planning: Planning) => (await planning.allBuilds()).map(({ project }) => project).sort();
const names = async (planning: Planning, isActive = true) =>
  (await planning.projects.all())
    .filter(({ active }) => active === isActive)
    .map(({ name }) => name)
    .sort();

/** An index in force: its entries are known, built, and their builds ended long ago. */
async function startWithIndex(...jobs: string[]): Promise<Planning> {
  const planning = await setUpPlanBuilds();
  planning.files = [indexFile(Object.fromEntries(jobs.map((job) => [job, {}])))];
  await planning.plan(planning.pushIndex('index-0'));
  for (const build of planning.runs.keys()) planning.runs.set(build, 'ended');
  planning.ensured.length = 0;
  return planning;
}

const running = ({ runs }: Planning) => [...runs.values()].filter((state) => state === 'running').length;

describe('a push of the index', () => {
  it('makes builds for new entries, and repositories for these', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ one: {}, two: {} })];
    await planning.plan(planning.pushIndex());
    expect(await names(planning)).toEqual(['demo/one:latest', 'demo/two:latest']);
    expect(planning.ensured.sort()).toEqual(['demo/one:latest', 'demo/two:latest']);
    expect(await built(planning)).toEqual(['demo/one:latest', 'demo/two:latest']);
    expect((await planning.allBuilds())[0]).toMatchObject({
      cause: { type: 'index', commit: indexCommit('index-1'), change: 'added' },
      ref: 'refs/heads/main',
    });
    expect(planning.mails).toEqual([]);
  });

  it('has the addresses of new entries asked before they are in force, unless an entry wants no mails', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ one: { 'notify-email': 'one@example.org' }, quiet: { notify: 'never' } })];
    const asked: string[][] = [];
    planning.recipients.ask = async (projects) => {
      expect(await names(planning)).toEqual([]);
      asked.push(...projects.map(({ notifyEmail }) => notifyEmail));
    };
    await planning.plan(planning.pushIndex());
    expect(asked).toEqual([['one@example.org']]);
    expect(await names(planning)).toEqual(['demo/one:latest', 'demo/quiet:latest']);
  });

  it('keeps what a build used that ends meanwhile', async () => {
    await using planning = await startWithIndex('base', 'one');
    planning.files = [indexFile({ base: {}, one: { 'depends-on': 'demo/base:latest' } })];
    const { dependents } = planning;
    const { declaredFor } = dependents;
    dependents.declaredFor = async (projects) => {
      const declared = await declaredFor(projects);
      await dependents.observe('demo/one:latest', [{ image: 'demo/base:latest', digest }]);
      return declared;
    };
    await planning.plan(planning.pushIndex());
    expect(await dependents.of('demo/base:latest')).toEqual([
      { image: 'demo/base:latest', project: 'demo/one:latest', declared: true, observed: digest },
    ]);
  });

  it('starts every build once, wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const planning = await setUpPlanBuilds(crashes);
      await planning.track({ name: 'demo/two:latest', appId: 'demo', jobId: 'two', dockerfile: 'Old' });
      await planning.track({ name: 'demo/gone:latest', appId: 'demo', jobId: 'gone' });
      planning.files = [indexFile({ one: {}, two: {} })];
      return {
        run: () => planning.plan(planning.pushIndex()),
        async check() {
          await using _ = planning;
          expect(await built(planning)).toEqual(['demo/one:latest', 'demo/two:latest']);
          expect(running(planning)).toBe(2);
          expect(new Set(planning.requests.map((request) => JSON.stringify(request))).size).toBe(2);
          expect(await names(planning)).toEqual(['demo/one:latest', 'demo/two:latest']);
          const causes = (await planning.allBuilds()).map(({ cause }) => cause.type === 'index' && cause.change);
          expect(causes.sort()).toEqual(['added', 'changed']);
          expect((await planning.cascades.list({ limit: 9 })).items).toHaveLength(1);
        },
      };
    });
  });

  it('that is too large for one run goes on where the run ended', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile(Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`job${at}`, {}])))];
    const { put } = planning.projects;
    const written: string[] = [];
    planning.projects.put = (project, from) => {
      if (written.length === 8) return Promise.reject(new Error('throttled'));
      written.push(project.name);
      return put(project, from);
    };
    await expect(planning.plan(planning.pushIndex())).rejects.toThrow('throttled');
    const done = written.splice(0);
    expect(await names(planning)).toEqual(done.toSorted());
    planning.projects.put = (project, from) => {
      written.push(project.name);
      return put(project, from);
    };
    await planning.plan(planning.pushIndex());
    expect(written.filter((name) => done.includes(name))).toEqual([]);
    expect(await built(planning)).toHaveLength(12);
  });

  it('that died over its builds has them built by the newer push that came before its second try', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ one: {} })];
    const { nextSequence } = planning.projects;
    planning.projects.nextSequence = () => Promise.reject(new Error('throttled'));
    await expect(planning.plan(planning.pushIndex('older'))).rejects.toThrow('throttled');
    Object.assign(planning.projects, { nextSequence });
    const older = planning.pushIndex('older');
    await planning.plan(planning.pushIndex('newer'));
    await planning.plan(older);
    expect(await built(planning)).toEqual(['demo/one:latest']);
  });

  it('touches and builds only what it changes', async () => {
    await using planning = await startWithIndex('one', 'two');
    planning.files = [indexFile({ one: {}, two: { 'target-file': 'Containerfile' } })];
    await planning.plan(planning.pushIndex());
    expect(running(planning)).toBe(1);
    expect(planning.requests.at(-1)).toMatchObject({ project: 'demo/two:latest', dockerfile: 'Containerfile' });
    expect(planning.ensured).toEqual(['demo/two:latest']);
    expect((await planning.deliveries.get('index-1'))?.outcome).toMatch(/^index: 0 added, 1 changed, 0 removed/);
  });

  it('with another address for mails builds nothing and keeps the address', async () => {
    await using planning = await startWithIndex('one');
    planning.files = [indexFile({ one: { 'notify-email': 'new@example.org' } })];
    await planning.plan(planning.pushIndex());
    expect(running(planning)).toBe(0);
    expect(await planning.projects.get('demo/one:latest')).toMatchObject({ notifyEmail: ['new@example.org'] });
  });

  it('that removes an entry puts the project to rest, and one that brings it back builds it', async () => {
    await using planning = await startWithIndex('one', 'two');
    planning.files = [indexFile({ one: {} })];
    await planning.plan(planning.pushIndex('index-1'));
    expect(await names(planning, false)).toEqual(['demo/two:latest']);
    expect(running(planning)).toBe(0);
    planning.files = [indexFile({ one: {}, two: {} })];
    await planning.plan(planning.pushIndex('index-2'));
    expect(await names(planning)).toEqual(['demo/one:latest', 'demo/two:latest']);
    expect(planning.requests.at(-1)?.project).toBe('demo/two:latest');
    expect((await planning.projects.get('demo/two:latest'))?.sequence).toBe(2);
  });
});

describe('an index that cannot be read changes nothing, its operators get a mail,', () => {
  const mailed = (planning: Planning) => planning.mails.map(({ to, mail }) => [to, mail.subject]);
  const mail = [
    ['operator@example.org'],
    `[slipway] INDEX: slipway/index cannot be read (${indexCommit('index-1').slice(0, 7)})`,
  ];

  it('and it is read again for some minutes, if its archive was not sent in time', async () => {
    await using planning = await startWithIndex('one');
    planning.filesAt = () => Promise.reject(new IndexTooSlowError('The archive was not read within 30 s.'));
    await planning.planBuilds(planning.pushIndex());
    expect(planning.sent.splice(0)).toMatchObject([{ id: 'index-1', postponed: 1 }]);
    expect(mailed(planning)).toEqual([mail]);
    expect(planning.mails[0]?.mail.text).toContain('tries again');
    await expect(planning.planBuilds({ ...planning.pushIndex(), postponed: 6 })).rejects.toThrow('not read within');
    expect(await names(planning)).toEqual(['demo/one:latest']);
    planning.filesAt = async () => [indexFile({ one: {}, two: {} })];
    await planning.plan({ ...planning.pushIndex(), postponed: 1 });
    expect(await names(planning)).toEqual(['demo/one:latest', 'demo/two:latest']);
  });

  it('and nothing is tried again, if it is too large: the next push is read', async () => {
    await using planning = await startWithIndex('one');
    planning.filesAt = () => Promise.reject(new IndexTooLargeError('The index is larger than 10 bytes.'));
    await planning.plan(planning.pushIndex());
    expect(mailed(planning)).toEqual([mail]);
    expect(planning.mails[0]?.mail.text).not.toContain('tries again');
    expect(await planning.deliveries.get('index-1')).toMatchObject({ outcome: expect.stringContaining('too large') });
    expect(await names(planning)).toEqual(['demo/one:latest']);
    planning.filesAt = async () => [indexFile({ one: {}, two: {} })];
    await planning.plan(planning.pushIndex('index-2'));
    expect(await names(planning)).toEqual(['demo/one:latest', 'demo/two:latest']);
  });
});

describe('an index that', () => {
  it.each([
    ['is not YAML', [{ path: 'index.d/demo.yml', text: 'Projects: [' }]],
    ['has no file', []],
    ['has no entry', [{ path: 'index.d/demo.yml', text: 'Projects: []\n' }]],
    ['has no list', [{ path: 'index.d/demo.yml', text: 'something: else\n' }]],
  ])('%s changes nothing, and the operators get a mail', async (_, files) => {
    await using planning = await startWithIndex('one', 'two');
    const before = await planning.projects.all();
    planning.files = files;
    await planning.plan(planning.pushIndex());
    expect(await planning.projects.all()).toEqual(before);
    expect(running(planning)).toBe(0);
    expect(planning.mails).toMatchObject([
      { to: ['operator@example.org'], mail: { subject: expect.stringContaining('[slipway] INDEX: ') } },
    ]);
  });

  it('that names another repository for an entry builds what that repository is at, not what the old one was', async () => {
    await using planning = await startWithIndex('one');
    const moved = 'b'.repeat(40);
    planning.host.set('git.example/demo/moved', 'refs/heads/main', moved);
    planning.files = [indexFile({ one: { 'git-url': 'https://git.example/demo/moved.git' } })];
    await planning.plan(planning.pushIndex());
    expect(planning.requests.map(({ source }) => `${source.url} ${source.commit}`)).toEqual([
      `https://git.example/demo/one.git ${planning.host.main}`,
      `https://git.example/demo/moved.git ${moved}`,
    ]);
  });

  it('has one wrong entry is in force with its other entries, and the operators hear of the wrong one', async () => {
    await using planning = await startWithIndex('one', 'two');
    planning.files = [indexFile({ one: { 'git-url': 'git@example.org:demo/one' }, three: {} })];
    await planning.plan(planning.pushIndex());
    expect(await names(planning)).toEqual(['demo/one:latest', 'demo/three:latest', 'demo/two:latest']);
    expect(planning.requests.at(-1)?.project).toBe('demo/three:latest');
    expect(planning.mails[0]?.mail.text).toContain('demo/one:latest');
  });

  it('has an error is in force although SES takes no mail for the operators', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ one: {} }), { path: 'index.d/other.yml', text: 'Projects: [' }];
    planning.mailer.send = () => Promise.reject(new MailRejectedError('not verified'));
    await planning.plan(planning.pushIndex());
    expect(await built(planning)).toEqual(['demo/one:latest']);
    expect(await planning.deliveries.get('index-1')).toBeDefined();
  });

  it('cannot be read changes nothing, and is read again later', async () => {
    await using planning = await startWithIndex('one');
    const { files } = planning;
    Object.defineProperty(planning, 'files', {
      configurable: true,
      get: () => {
        throw new UpstreamError('The git host answered 404 when asked for slipway/index.');
      },
    });
    await planning.planBuilds(planning.pushIndex());
    expect(await names(planning)).toEqual(['demo/one:latest']);
    expect(await planning.deliveries.get('index-1')).toHaveProperty('waitsUntil');
    Object.defineProperty(planning, 'files', { value: files });
    await planning.drain();
    expect(await planning.deliveries.get('index-1')).not.toHaveProperty('waitsUntil');
  });
});

describe('a new entry', () => {
  it('is built although the host of another cannot be reached', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ one: {}, two: {}, three: {} })];
    planning.host.down.add('git.example/demo/two');
    await planning.plan(planning.pushIndex());
    expect(await built(planning)).toEqual(['demo/one:latest', 'demo/three:latest']);
    expect(await names(planning)).toHaveLength(3);
  });

  it('whose branch is not there yet waits for its first push', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ one: {} })];
    planning.host.main = undefined;
    await planning.plan(planning.pushIndex());
    expect(await planning.allBuilds()).toEqual([]);
    expect(await names(planning)).toEqual(['demo/one:latest']);
  });

  it('waits for a parent that has yet to be released', async () => {
    await using planning = await setUpPlanBuilds();
    const child = { 'depends-on': 'demo/parent:latest' };
    planning.files = [indexFile({ child, parent: {}, free: { 'depends-on': 'elsewhere/base:1' } })];
    await planning.plan(planning.pushIndex('index-1'));
    expect(await built(planning)).toEqual(['demo/free:latest', 'demo/parent:latest']);

    const parent = (await planning.allBuilds()).find(({ project }) => project === 'demo/parent:latest');
    const image = { repository: 'registry.example/demo/parent', digest, tags: ['latest'] };
    if (parent) await planning.builds.close(parent, 'released', { image });
    await planning.projects.claimRelease('demo/parent:latest', parent?.id ?? '');
    const release = { build: parent?.id ?? '', headRevision: 1, digest, tags: ['latest'], at: '' };
    await planning.projects.finishRelease('demo/parent:latest', release);
    const ended = { type: 'build-ended', id: `ended:${parent?.id}`, build: parent?.id ?? '' } as const;
    await planning.plan({ ...ended });
    expect(planning.requests.at(-1)).toMatchObject({ project: 'demo/child:latest' });
    expect((await planning.allBuilds())[0]?.cause).toEqual({
      type: 'index',
      commit: indexCommit('index-1'),
      change: 'added',
    });
  });

  it('whose branch moves between two tries is built at the commit that its record names', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ one: {} })];
    const start = planning.executions.start;
    planning.executions.start = () => Promise.reject(new Error('throttled'));
    await expect(planning.plan(planning.pushIndex())).rejects.toThrow('throttled');
    planning.executions.start = start;
    planning.host.main = 'c'.repeat(40);
    await planning.plan(planning.pushIndex());
    const [build] = await planning.allBuilds();
    const [request] = planning.requests.slice(-1);
    expect(running(planning)).toBe(1);
    expect(request?.source.commit).toBe(build?.commit);
    expect(request?.labels['org.opencontainers.image.revision']).toBe(build?.commit);
  });
});

describe('of the policy of the whole index, a push', () => {
  const policy = (text: string) => ({ path: 'policy.yml', text });
  const policies = async (planning: Planning) =>
    (await planning.projects.all()).map(({ name, policy: own }) => [name, own?.maxSeverity]).sort();
  const judged = (planning: Planning, job: string, outcome: 'pass' | 'block') =>
    planning.projects.recordVerdict({ id: '00000000000000aa', project: `demo/${job}:latest`, sequence: 1 }, outcome);

  it('reaches every project, and builds those alone whose candidate was blocked', async () => {
    await using planning = await startWithIndex('one', 'two', 'three');
    await judged(planning, 'one', 'block');
    await judged(planning, 'two', 'pass');
    planning.files.push(policy('policy: {max-severity: HIGH}'));
    await planning.plan(planning.pushIndex('index-2'));
    expect(await policies(planning)).toEqual([
      ['demo/one:latest', 'HIGH'],
      ['demo/three:latest', 'HIGH'],
      ['demo/two:latest', 'HIGH'],
    ]);
    expect(running(planning)).toBe(1);
    const builds = (await planning.allBuilds()).filter(
      ({ cause }) => cause.type === 'index' && cause.change === 'changed',
    );
    expect(builds.map(({ project }) => project)).toEqual(['demo/one:latest']);
  });

  it('that cannot be read changes no project, adds none, and notifies the operators', async () => {
    await using planning = await startWithIndex('one');
    planning.files = [...planning.files, policy('policy: {max-severity: LOW}')];
    await planning.plan(planning.pushIndex('index-2'));
    planning.files = [indexFile({ one: {}, new: {} }), policy('policy: {max-severty: CRITICAL}')];
    await planning.plan(planning.pushIndex('index-3'));
    expect(await policies(planning)).toEqual([['demo/one:latest', 'LOW']]);
    expect(planning.mails.map(({ mail }) => mail.text.replaceAll(/\s+/g, ' '))).toEqual([
      expect.stringMatching(/policy\.yml:1:10: .*max-severity.*every project keeps the one that it has/),
    ]);
    planning.files = [indexFile({ one: {}, new: {} }), policy('policy: {max-severity: CRITICAL}')];
    await planning.plan(planning.pushIndex('index-4'));
    expect(await policies(planning)).toEqual([
      ['demo/new:latest', 'CRITICAL'],
      ['demo/one:latest', 'CRITICAL'],
    ]);
  });

  it('has a project built that is blocked by the rules of before while the push is at work', async () => {
    await using planning = await startWithIndex('one');
    const all = planning.projects.all;
    planning.files.push(policy('policy: {max-severity: HIGH}'));
    planning.projects.all = async () => {
      const known = await all();
      await judged(planning, 'one', 'block');
      return known;
    };
    await planning.plan(planning.pushIndex('index-2'));
    expect(running(planning)).toBe(1);
  });
});

describe('of a VEX document, a push', () => {
  const document = (over: object = {}) => ({
    path: 'vex/one.json',
    text: JSON.stringify({
      '@context': 'https://openvex.dev/ns/v0.2.0',
      '@id': 'https://example.org/vex/1',
      author: 'Demo Security',
      timestamp: new Date().toISOString(),
      version: 1,
      statements: [
        {
          vulnerability: { name: 'CVE-2026-1' },
          products: [{ '@id': 'demo/one' }],
          status: 'not_affected',
          justification: 'component_not_present',
        },
      ],
      ...over,
    }),
  });

  it('reaches the projects that it names, and has a blocked one judged anew', async () => {
    await using planning = await startWithIndex('one', 'two');
    await planning.projects.recordVerdict({ id: '00000000000000aa', project: 'demo/one:latest', sequence: 1 }, 'block');
    planning.files.push(document());
    await planning.plan(planning.pushIndex('index-2'));
    expect((await planning.projects.get('demo/one:latest'))?.vex).toMatchObject([{ ids: ['CVE-2026-1'] }]);
    expect(await planning.projects.get('demo/two:latest')).not.toHaveProperty('vex');
    expect(running(planning)).toBe(1);
  });

  it('that cannot be read leaves the statements that are known in force', async () => {
    await using planning = await startWithIndex('one');
    planning.files.push(document());
    await planning.plan(planning.pushIndex('index-2'));
    planning.files = [indexFile({ one: {} }), document({ version: 'two' })];
    await planning.plan(planning.pushIndex('index-3'));
    expect((await planning.projects.get('demo/one:latest'))?.vex).toHaveLength(1);
    expect(planning.mails).toHaveLength(1);
    planning.files = [indexFile({ one: {} })];
    await planning.plan(planning.pushIndex('index-4'));
    expect(await planning.projects.get('demo/one:latest')).not.toHaveProperty('vex');
  });
});
