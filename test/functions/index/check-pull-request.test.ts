import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IndexFile } from '../../../core/index/read-index.ts';
import { UpstreamError } from '../../../core/model/errors.ts';
import type { TriggerOf } from '../../../core/model/trigger.ts';
import { createCheckIndexPullRequest } from '../../../functions/index/check-pull-request.ts';
import { HostRefusedError } from '../../../services/git-host/host-requests.ts';
import { IndexTooLargeError } from '../../../services/git-host/index-repository.ts';
import type { PullRequest } from '../../../services/git-host/repository-api.ts';
import { goodFile } from '../../core/index/index-texts.ts';
import { createFakeGithub } from '../fake-github.ts';
import { setUpServices, silentLogger, type TestServices } from '../services-setup.ts';

type Expected = TriggerOf<'pull-request'>['expected'];

const [one, two] = ['1'.repeat(40), '2'.repeat(40)];
const branchHead = 'a'.repeat(40);
const base = [goodFile({ base: {}, app: { 'depends-on': 'demo/base:latest' } })];

let world: TestServices;
let github: ReturnType<typeof createFakeGithub>;
/** The index by commit or branch. */
let files: Record<string, IndexFile[]>;
/** The heads of branches, by address. */
let heads: Record<string, string | undefined | Error>;

beforeEach(async () => {
  world = await setUpServices();
  github = createFakeGithub();
  files = { main: base };
  heads = {};
});
afterEach(() => world[Symbol.asyncDispose]());

function propose(
  commit: string,
  proposed: IndexFile[],
  { changed = proposed.map(({ path }) => path), isFork = true }: { changed?: string[]; isFork?: boolean } = {},
): Expected {
  files[commit] = proposed;
  github.comparisons.set(`main...${commit}`, { isAhead: true, files: changed });
  github.pullRequests.set(7, { isOpen: true, commit, baseRef: 'main', isFork, author: 'someone' });
  return { commit, isOpen: true };
}

const planner = (filesAt = async (commit: string) => files[commit] ?? []) => {
  const check = createCheckIndexPullRequest({
    projects: world.projects,
    dependents: world.dependents,
    repositoryAt: github.repositoryAt,
    index: {
      url: 'https://git.example/slipway/index',
      ref: 'refs/heads/main',
      repository: { filesAt },
      allowedHosts: [],
      gitHosts: [github.host],
      mostRecipients: 5,
    },
    async headOf(url) {
      const head = url in heads ? heads[url] : branchHead;
      if (head instanceof Error) throw head;
      return head;
    },
    missingSecrets: async ({ buildSecrets = {} }) => Object.values(buildSecrets).filter((name) => name === 'gone'),
    platform: 'linux/amd64',
    logger: silentLogger,
  });
  return (expected: Expected) => check(7, expected);
};

const comment = () => github.comments.map(({ body }) => body).join('\n');

describe('a pull request to the index', () => {
  it('says what its merge will do, and builds nothing', async () => {
    github.files.set(`mine/mine ${branchHead} Dockerfile`, 'FROM debian\n');
    await planner()(propose(one, [...base, goodFile({ mine: {} }, 'mine')]));
    expect(github.marks).toEqual([
      { commit: one, state: 'success', context: 'slipway: index', description: '1 project added, 1 build' },
    ]);
    expect(comment()).toContain('`mine/mine:latest` from `main` of `https://git.example/mine/mine.git`');
    expect(comment()).toContain('`Dockerfile` found');
    expect(await world.allBuilds()).toEqual([]);
    expect(await world.projects.all()).toEqual([]);
  });

  const secrets = (name: string) => [goodFile({ mine: { 'build-secrets': `{npmrc: ${name}}` } }, 'mine')];

  it('says which secrets of its builds nobody has stored', async () => {
    await planner()(propose(one, secrets('gone'), { isFork: false }));
    expect(comment()).toContain('Nobody has stored the secret `gone` yet');
    await planner()(propose(two, secrets('kept'), { isFork: false }));
    expect(comment()).not.toContain('stored');
  });

  it('says the same of every secret to who may not write to the index', async () => {
    await planner()(propose(one, secrets('gone')));
    const said = comment();
    await planner()(propose(two, secrets('kept')));
    expect(said).toContain('whether its `build-secrets` are stored was not looked up');
    const unnamed = (text: string, commit: string) => text.replaceAll(commit.slice(0, 12), '').replaceAll(commit, '');
    expect(unnamed(comment(), two)).toBe(unnamed(said, one));
  });

  it('is warned of a parent that is not built for what the entry asks for', async () => {
    const entries = { base: {}, app: { 'depends-on': 'demo/base:latest', platforms: 'linux/arm64' } };
    await planner()(propose(one, [goodFile(entries)]));
    expect(comment()).toContain("demo/base:latest is built for the pipeline's own platform alone");
  });

  it('says what is wrong with it', async () => {
    await planner()(propose(one, [goodFile({ mine: { 'git-url': 'nonsense' } }, 'mine')]));
    expect(github.marks).toMatchObject([{ commit: one, state: 'failure' }]);
    expect(comment()).toContain(`https://git.example/slipway/index/blob/${one}/index.d/mine.yml#L`);
  });

  it('keeps one comment, which the next push brings up to date', async () => {
    const plan = planner();
    await plan(propose(one, [goodFile({ mine: { 'git-url': 'nonsense' } }, 'mine')]));
    await plan(propose(two, [goodFile({ mine: {} }, 'mine')]));
    expect(github.comments).toHaveLength(1);
    expect(comment()).not.toContain('error');
    expect(comment()).toContain('1 project added');
    expect(github.marks.map(({ commit, state }) => [commit, state])).toEqual([
      [one, 'failure'],
      [two, 'success'],
    ]);
  });

  it('is not charged with what was merged into the index since it began', async () => {
    files.main = [...base, goodFile({ theirs: {} }, 'theirs')];
    await planner()(propose(one, [...base, goodFile({ mine: {} }, 'mine')], { changed: ['index.d/mine.yml'] }));
    expect(github.marks[0]?.description).toMatch(/^1 project added, 1 build/);
  });

  it('says who depends on what it changes and removes, and what is released first', async () => {
    const project = await world.track({ name: 'demo/base:latest', jobId: 'base' });
    const app = await world.track({ name: 'demo/app:latest', jobId: 'app' });
    await world.track({ name: 'demo/top:latest', jobId: 'top' });
    await world.dependents.declare(app.name, ['demo/base:latest']);
    await world.dependents.declare('demo/top:latest', ['demo/app:latest']);
    await planner()(
      propose(one, [goodFile({ base: { 'git-branch': 'next' }, app: { 'depends-on': 'demo/base:latest' } })]),
    );
    expect(comment()).toContain('rebuilt after its release: `demo/app:latest`, `demo/top:latest`');
    await planner()(propose(two, [goodFile({ app: { 'depends-on': 'demo/base:latest' } })]));
    expect(comment()).toContain(
      `- \`${project.name}\`; **still depending on it:** \`demo/app:latest\`, \`demo/top:latest\``,
    );
  });

  it('is warned of what is not there, and not kept from being merged', async () => {
    heads['https://git.example/mine/absent.git'] = undefined;
    heads['https://git.example/mine/down.git'] = new UpstreamError('git.example cannot be reached (ETIMEDOUT).');
    github.files.set(`mine/other ${branchHead} Dockerfile`, 'FROM debian\n');
    github.files.set(`mine/other ${branchHead} cccp.yml`, 'job-id: another # for @somebody\n');
    github.files.set(`mine/same ${branchHead} sub/Dockerfile`, 'FROM debian\n');
    github.files.set(`mine/same ${branchHead} sub/.cccp.yaml`, 'job-id: same\n');
    const mine = {
      absent: {},
      down: {},
      other: {},
      same: { 'git-path': '/sub' },
      elsewhere: { 'git-url': 'https://other.example/demo/app' },
      empty: {},
    };
    await planner()(propose(one, [...base, goodFile(mine, 'mine')]));
    const section = (job: string) =>
      comment()
        .split(/^- /m)
        .find((text) => text.startsWith(`\`mine/${job}:latest`)) ?? '';
    expect(section('absent')).toContain('The branch was not found');
    expect(section('down')).toContain('`git.example cannot be reached (ETIMEDOUT).`');
    expect(section('other')).toContain('another job-id: `another`');
    expect(section('same')).toContain('`sub/Dockerfile` found');
    expect(section('same')).not.toContain('⚠️');
    expect(section('elsewhere')).toContain('`Dockerfile` not checked');
    expect(section('empty')).toContain('The Dockerfile was not found');
    expect(github.marks).toMatchObject([
      { state: 'success', description: '6 projects added, 6 builds, 4 projects with warnings' },
    ]);
  });

  it.each<[string, Partial<PullRequest>]>([
    ['that is closed', { isOpen: false }],
    ['to another branch', { baseRef: 'archive' }],
  ])('%s is not answered, whatever the event says', async (_, over) => {
    const expected = propose(one, base);
    const shown = github.pullRequests.get(7);
    if (shown) github.pullRequests.set(7, { ...shown, ...over });
    const { outcome } = await planner()(expected);
    expect(outcome).toMatch(/closed|ignored/);
    expect([...github.marks, ...github.comments]).toEqual([]);
  });

  it('is checked at the commit that the host names, not at one that an event names', async () => {
    propose(one, [goodFile({ mine: {} }, 'mine')]);
    expect(await planner()({ commit: two, isOpen: true })).toMatchObject({ isUnseen: true });
    expect(github.marks).toMatchObject([{ commit: one }]);
  });

  it('is not answered where there is no token to do it with', async () => {
    github.hasToken = false;
    expect((await planner()(propose(one, base))).outcome).toContain('no token');
    expect([...github.marks, ...github.comments]).toEqual([]);
  });

  it('is not tried again where the token may not answer', async () => {
    github.repository('slipway/index').setStatus = async () => {
      throw new HostRefusedError('The git host answered 403.');
    };
    expect((await planner()(propose(one, base))).outcome).toContain('403');
  });
});

describe('of two pushes to a pull request', () => {
  const valid = [goodFile({ mine: {} }, 'mine')];
  const wrong = [goodFile({ mine: { 'git-url': 'nonsense' } }, 'mine')];

  it('the newer stays, although the older is planned after it', async () => {
    const first = propose(one, wrong);
    const second = propose(two, valid);
    await planner()(second);
    await planner()(first);
    expect(github.comments).toHaveLength(1);
    expect(comment()).toContain('1 project added');
    expect(comment()).toContain(two.slice(0, 12));
  });

  it('the newer stays, although it comes while the older is written', async () => {
    const first = propose(one, wrong);
    const repository = github.repository('slipway/index');
    const { keepComment } = repository;
    repository.keepComment = async (...said) => {
      repository.keepComment = keepComment;
      await planner()(propose(two, valid));
      await keepComment(...said);
    };
    await planner()(first);
    expect(comment()).toContain('1 project added');
    expect(comment()).toContain(two.slice(0, 12));
  });

  it('the older may be gone by the time that it is read', async () => {
    const first = propose(one, wrong);
    propose(two, valid);
    const filesAt = async (commit: string) => {
      if (commit === one) throw new UpstreamError('The git host answered 404.');
      return files[commit] ?? [];
    };
    await planner(filesAt)(first);
    expect(comment()).toContain(two.slice(0, 12));
  });
});

describe('an index that cannot be read', () => {
  it('because there is too much of it fails its pull request', async () => {
    const filesAt = async (commit: string) => {
      if (commit === one) throw new IndexTooLargeError('The index is larger than 10 bytes.');
      return base;
    };
    await planner(filesAt)(propose(one, base));
    expect(github.marks).toMatchObject([{ state: 'failure', description: 'The index is larger than 10 bytes.' }]);
  });

  it('because its pull request changes more than anybody could read fails it', async () => {
    const large = Array.from({ length: 10 }, (_, at) => ({
      path: `index.d/f${at}.yml`,
      text: `# ${at}${'x'.repeat(900_000)}`,
    }));
    await planner()(propose(one, large));
    expect(github.marks).toMatchObject([
      { state: 'failure', description: 'It changes more than 8 MB of the index. Split it.' },
    ]);
  });

  it('because the git host is in trouble is read later', async () => {
    const filesAt = async () => {
      throw new UpstreamError('The git host answered 502.');
    };
    await expect(planner(filesAt)(propose(one, base))).rejects.toThrow('502');
  });
});
