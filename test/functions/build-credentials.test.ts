import { describe, expect, it } from 'vitest';
import type { Build } from '../../core/model/build.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import { createBuildCredentials } from '../../functions/build-credentials.ts';
import { createIssueToken } from '../../functions/issue-token.ts';
import { createSourceCredentials } from '../../services/git-host/source-credentials.ts';
import { setUpServices } from './services-setup.ts';

const id = '00000000000000aa';
const other = '00000000000000bb';
const keys = {
  accessKeyId: 'ASIA1',
  secretAccessKey: 'secret',
  sessionToken: 'token',
  expiration: '2026-11-29T12:00:00.000Z',
};
const guess = 'x'.repeat(43);

async function startBuild(over: Partial<Build> = {}) {
  const world = await setUpServices();
  for (const each of [id, other]) await world.queue(each, over);
  const issue = createIssueToken(world);
  const begun: { name: string; policy: string }[] = [];
  const warnings: unknown[] = [];
  const ask = createBuildCredentials({
    builds: world.builds,
    projects: world.projects,
    repositories: {
      existing: async (names) =>
        names.filter((name) => !name.includes('none')).map((name) => ({ name, host: 'registry.example' })),
    },
    pullCredentials: async (image, appIds) => {
      if (!image.startsWith('ghcr.io/acme/')) return undefined;
      const isKept = image.endsWith('/kept') && ![...appIds].includes('acme');
      return isKept ? 'withheld' : { user: 'acme', password: `for ${image}` };
    },
    sourceCredentials: createSourceCredentials(
      'slipway/source-secrets/',
      (name) => ({
        async latest() {
          const secret = name.replace('slipway/source-secrets/demo/', '');
          if (secret === 'deploy') return JSON.stringify({ url: 'https://github.com/demo/', password: 'open-sesame' });
          if (secret === 'by-app')
            return JSON.stringify({ url: 'https://github.com/demo/', 'github-app': true, submodules: ['lib'] });
          throw new UpstreamError('gone', { cause: 'ResourceNotFoundException' });
        },
      }),
      async (url, others, isFresh) => `ghs_${isFresh} ${url} ${others}`,
    ),
    sessions: {
      async begin(name, policy) {
        begun.push({ name, policy });
        return keys;
      },
    },
    places: {
      bucketArn: 'arn:aws:s3:::records',
      repositoriesArn: 'arn:ecr/',
      repositoryPrefix: 'slipway/',
      pullThrough: [],
      secretsArn: 'arn:secret:slipway/build-secrets/',
    },
    operatorImages: ['tools/debian:stable', `registry.example/slipway/tools/buildkit:v1@sha256:${'ab'.repeat(32)}`],
    logger: { warn: (...line: unknown[]) => void warnings.push(line) } as never,
  });
  const { token } = await issue({ build: id });
  return Object.assign(world, { ask, issue, token, begun, warnings });
}

describe('the credentials of a build', () => {
  it('are given to who has its token, with a policy of its own', async () => {
    await using world = await startBuild();
    expect(await world.ask({ build: id, token: world.token })).toEqual({
      outcome: 'granted',
      ...keys,
      bases: [],
      logins: {},
      withheld: [],
    });
    expect(world.begun).toEqual([{ name: `build-${id}`, policy: expect.stringContaining(`builds/${id}/*`) }]);
  });

  it('are given again while the builder works, also after a second token was made', async () => {
    await using world = await startBuild();
    const { token } = await world.issue({ build: id });
    await world.builds.begin(id, 'build', 'building');
    for (const each of [token, world.token])
      expect(await world.ask({ build: id, token: each })).toMatchObject({ outcome: 'granted' });
    expect(token).not.toBe(world.token);
  });

  it('open the releases that exist among the bases, and no candidate', async () => {
    await using world = await startBuild();
    await world.track({ name: 'demo/base:latest', jobId: 'base' });
    const bases = ['slipway/demo/base', 'slipway/demo/none', 'slipway/candidate/demo/other', 'elsewhere/base', '*'];
    expect(await world.ask({ build: id, token: world.token, bases })).toMatchObject({ bases: ['slipway/demo/base'] });
    expect(world.begun[0]?.policy).toContain('slipway/demo/base');
    expect(world.begun[0]?.policy).not.toMatch(/none|other|elsewhere|\/\*"\]/);
  });

  it('open no other image of the account, unless the entry or the configuration names it', async () => {
    await using world = await startBuild();
    await world.track({ dependsOn: ['mirror/debian:12', 'registry.example/slipway/mirror/alpine:3'] });
    const bases = ['company/secret', 'mirror/debian', 'mirror/alpine', 'tools/debian', 'tools/buildkit'].map(
      (name) => `slipway/${name}`,
    );
    expect(await world.ask({ build: id, token: world.token, bases })).toMatchObject({ bases: bases.slice(1) });
    expect(world.begun[0]?.policy).not.toContain('secret');
  });

  it.each([
    ['refs/heads/main', true],
    ['refs/tags/v1.0.0', true],
    ['refs/pull/7/head', false],
  ])('open the secrets of the entry for a build of %s: %s', async (ref, isOpen) => {
    await using world = await startBuild({ ref });
    await world.track({ buildSecrets: { npmrc: 'npm-token', other: 'npm-token' } });
    await world.ask({ build: id, token: world.token });
    const policy = world.begun[0]?.policy ?? '';
    expect(policy.includes('"arn:secret:slipway/build-secrets/demo/npm-token-??????"')).toBe(isOpen);
    expect(policy.includes('secretsmanager')).toBe(isOpen);
  });

  it.each([
    ['refs/heads/main', 'deploy', undefined, true],
    ['refs/tags/v1.0.0', 'deploy', undefined, true],
    ['refs/pull/7/head', 'deploy', undefined, false],
    ['refs/commits/1234567', 'deploy', undefined, false],
    ['refs/heads/main', undefined, undefined, false],
    // The entry is one of another repository by now.
    ['refs/heads/main', 'deploy', 'https://github.com/demo/other.git', false],
  ])('open the source for a build of %s with the secret %s: %#', async (ref, sourceSecret, gitUrl, isOpen) => {
    const sourceUrl = 'https://github.com/demo/app.git';
    await using world = await startBuild({ ref, sourceUrl });
    await world.track({ sourceSecret, gitUrl: gitUrl ?? sourceUrl });
    const asked = { build: id, token: world.token };
    expect(JSON.stringify(await world.ask(asked))).not.toContain('open-sesame');
    const answer = await world.ask({ ...asked, source: true });
    expect(answer).toMatchObject({ outcome: 'granted' });
    expect(JSON.stringify(answer).includes('open-sesame')).toBe(isOpen);
  });

  it('open the source by a token of the GitHub App for this repository, where the secret says so', async () => {
    const gitUrl = 'https://github.com/demo/app.git';
    await using world = await startBuild({ ref: 'refs/heads/main', sourceUrl: gitUrl });
    await world.track({ sourceSecret: 'by-app', gitUrl });
    const answer = await world.ask({ build: id, token: world.token, source: true });
    const password = `ghs_true ${gitUrl} lib`;
    const authorization = `Basic ${Buffer.from(`x-access-token:${password}`).toString('base64')}`;
    expect(answer).toMatchObject({ source: { url: 'https://github.com/demo/', password, authorization } });
  });

  it.each([
    ['that is not there', 'none', undefined, /slipway\/source-secrets\/demo\/none .* does not exist.*create-secret/],
    ['for another address', 'deploy', 'https://git.example/demo/app.git', /is for https:\/\/github.com\/demo\/ alone/],
  ])('are refused with a sentence for a source secret %s', async (_, sourceSecret, gitUrl, message) => {
    const sourceUrl = gitUrl ?? 'https://github.com/demo/app.git';
    await using world = await startBuild({ sourceUrl });
    await world.track({ sourceSecret, gitUrl: sourceUrl });
    expect(await world.ask({ build: id, token: world.token, source: true })).toEqual({
      outcome: 'refused',
      message: expect.stringMatching(message),
    });
  });

  const acme = (name: string) => [`ghcr.io/acme/${name}`, { user: 'acme', password: `for ghcr.io/acme/${name}` }];
  it.each([
    ['refs/heads/main', ['known', 'secret']],
    ['refs/tags/v1.0.0', ['known', 'secret']],
    ['refs/pull/7/head', ['known']],
  ])('sign in to other registries, for a build of %s to pull %j', async (ref, names) => {
    await using world = await startBuild({ ref });
    await world.track({});
    const digest = `sha256:${'a'.repeat(64)}`;
    const used = { reference: 'ghcr.io/acme/known', image: 'ghcr.io/acme/known:latest', digest, own: false };
    const build = await world.queue('00000000000000dd', { ref: 'refs/heads/main', sequence: 7 });
    await world.recordBases(build, { outcome: 'failed', error: 'x', message: 'x', bases: [used] });
    const images = ['ghcr.io/acme/known', 'ghcr.io/acme/secret', 'docker.io/library/debian'];
    const answer = await world.ask({ build: id, token: world.token, images });
    expect(answer).toMatchObject({ outcome: 'granted', logins: Object.fromEntries(names.map(acme)) });
    expect(Object.keys('logins' in answer ? answer.logins : {})).toHaveLength(names.length);
  });

  it.each([
    ['acme', true],
    ['demo', false],
  ])('sign in an entry of %s with what the operators have kept to acme: %s', async (appId, isOpen) => {
    const project = `${appId}/app:latest`;
    await using world = await startBuild({ project });
    await world.track({ name: project, appId });
    const [image] = acme('kept');
    const answer = await world.ask({ build: id, token: world.token, images: [image] });
    const login = Object.fromEntries([acme('kept')]);
    expect(answer).toMatchObject(isOpen ? { logins: login, withheld: [] } : { logins: {}, withheld: [image] });
    expect(JSON.stringify(answer).includes('for ghcr.io')).toBe(isOpen);
  });

  it('are refused with a reason where the bases are too many', async () => {
    await using world = await startBuild();
    const bases = Array.from({ length: 60 }, (_, at) => `slipway/demo/a-base-with-a-long-name-${at}`);
    await world.track({ dependsOn: bases.map((name) => `registry.example/${name}`) });
    const answer = await world.ask({ build: id, token: world.token, bases });
    expect(answer).toEqual({ outcome: 'refused', message: expect.stringMatching(/based on 60 images/) });
  });
});

describe('no credentials are given', () => {
  it.each([
    ['for a guessed token', id, guess],
    ['for a build that has no token yet', other, guess],
    ['for a build that nobody knows', '00000000000000cc', guess],
  ])('%s', async (_, build, token) => {
    await using world = await startBuild();
    const answer = await world.ask({ build, token });
    expect(answer).toEqual({ outcome: 'refused', message: expect.stringContaining('no credentials') });
    expect(world.begun).toEqual([]);
    expect(JSON.stringify([answer, world.warnings])).not.toContain(guess);
  });

  it('for another build with this build’s token', async () => {
    await using world = await startBuild();
    await world.issue({ build: other });
    expect(await world.ask({ build: other, token: world.token })).toMatchObject({ outcome: 'refused' });
  });

  it.each(['scanning', 'releasing', 'released', 'failed', 'superseded', 'cancelled'] as const)(
    'once the build is %s',
    async (status) => {
      await using world = await startBuild({ status });
      expect(await world.ask({ build: id, token: world.token })).toMatchObject({ outcome: 'refused' });
    },
  );

  it.each([
    {},
    { build: id },
    { build: `${id}/../x`, token: guess },
    { build: id, token: '' },
    { build: id, token: 7 },
  ])('for %j, and the error does not repeat it', async (input) => {
    await using world = await startBuild();
    const error = await world.ask(input).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).not.toContain(guess);
  });
});

it('the record keeps a token’s hash alone, and pages and mails see not even that', async () => {
  await using world = await startBuild();
  const stored = JSON.stringify([...((await world.builds.getWithTokens(id))?.tokens ?? [])]);
  expect(stored).toMatch(/^\["[0-9a-f]{64}"\]$/);
  expect(stored).not.toContain(world.token);
  expect(await world.builds.require(id)).not.toHaveProperty('tokens');
});

it('a build that nobody knows gets no token', async () => {
  await using world = await startBuild();
  await expect(world.issue({ build: '00000000000000cc' })).rejects.toThrow(/There is no build/);
});
