import { readFile } from 'node:fs/promises';
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type FakeRegistry, putImage, startFakeRegistry } from '../builder/fake-registry.ts';
import { tarOf } from '../local/registry/image-parts.ts';
import { copyImage, digestOf, type ImageLocation } from './copy-image.ts';
import { type Slipway, startSlipway } from './slipway.ts';

let slipway: Slipway;
let outside: FakeRegistry;
let mirror: ImageLocation;
/** The base's place outside, under the name that never changes. */
const published = (): ImageLocation => ({ host: outside.host, repository: 'outside/debian', version: '12' });

/** The mirror's name as Dockerfiles have it. */
let mirroredImage: string;

const jobs = ['one', 'two', 'mirrored'];

beforeAll(async () => {
  slipway = await startSlipway();
  outside = await startFakeRegistry();
  mirror = await makeMirror();
  mirroredImage = `${mirror.host}/${mirror.repository}:${mirror.version}`;
});
afterAll(async () => {
  await slipway?.stop();
  await outside?.[Symbol.asyncDispose]();
});

/** A repository in the pipeline's own registry that belongs to no project, and what it takes to push to it. */
async function makeMirror(): Promise<ImageLocation> {
  const { url, endpoint, region, credentials } = slipway.machine;
  const ecr = new ECRClient({ endpoint, region, credentials });
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'bases/debian' }));
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
  const login = Buffer.from(authorizationData?.[0]?.authorizationToken ?? '', 'base64').toString();
  return { host: new URL(url).host, repository: 'bases/debian', version: '12', login };
}

/** Has somebody publish another base image under its old name; gives its digest. */
async function publish(words: string): Promise<string> {
  const { repository, version } = published();
  const archives = [await readFile(inject('shared').rootFileSystem), tarOf([{ path: 'words', content: words }])];
  const digest = putImage(outside, repository, version, archives);
  await copyImage(published(), mirror);
  return digest;
}

/** Runs the function as an operator does. Gives how often the outside registry was asked for the base. */
async function watch(): Promise<number> {
  outside.requests.length = 0;
  await slipway.invoke('WatchBases');
  return outside.requests.filter(({ line }) => line === 'HEAD /v2/outside/debian/manifests/12').length;
}

const counts = async () =>
  Object.fromEntries(await Promise.all(jobs.map(async (job) => [job, (await slipway.builds(job)).length])));

/** The builds of a job, newest first, when there are as many as said and all have ended. */
const builds = (job: string, count: number) =>
  slipway.until(`the end of build ${count} of ${job}`, async () => {
    const all = await slipway.builds(job);
    const isDone = all.length >= count && all.every(({ status }) => /released|unchanged|failed|blocked/.test(status));
    return isDone ? all : undefined;
  });

describe('a base image', () => {
  let first: string;
  let second: string;

  it('is known once projects were built on it', async () => {
    first = await publish('first');
    // No project of the index releases the mirror: the entry says that its builds may read it.
    const keysOf = (job: string) => (job === 'mirrored' ? { 'depends-on': mirroredImage } : undefined);
    await slipway.track(...jobs.map((job, at) => slipway.entry(job, { id: String(at + 1), ...keysOf(job) })));
    const base = `${outside.host}/outside/debian:12`;
    const dockerfiles = {
      one: `FROM ${base}\nRUN cat /words > /one\n`,
      mirrored: `FROM scratch AS unneeded\nFROM ${mirroredImage}\nRUN cat /words > /mirrored\n`,
      two: `ARG BASE=${base}\nFROM \${BASE} AS tools\nFROM demo/one:latest\nCOPY --from=tools /words /tools\n`,
    };
    for (const [job, Dockerfile] of Object.entries(dockerfiles)) {
      const build = await slipway.ended(job, await slipway.pushSource(job, { Dockerfile }));
      expect(build).toMatchObject({ status: 'released', failure: null });
    }
    expect(await watch()).toBe(1);
    expect(await counts()).toEqual({ one: 1, two: 1, mirrored: 1 });
  });

  it('with a new digest rebuilds what depends on it once, parents first', async () => {
    second = await publish('second');
    expect(second).not.toBe(first);
    expect(await watch()).toBe(1);
    const [[one], [two], [mirrored]] = await Promise.all([builds('one', 2), builds('two', 2), builds('mirrored', 2)]);
    const bases = [{ image: `${outside.host}/outside/debian:12`, previous: first, digest: second }];
    for (const build of [one, mirrored]) expect(build?.status).toBe('released');
    expect(one?.cause).toEqual({ type: 'bases-changed', bases });
    expect(two).toMatchObject({ status: 'released', cause: { type: 'bases-changed', bases } });
    expect(mirrored?.cause).toEqual({ type: 'bases-changed', bases: [{ ...bases[0], image: mirroredImage }] });
    expect(new Set([one, two, mirrored].map((build) => build?.cascade)).size).toBe(1);
    expect((two?.createdAt ?? '') > (one?.endedAt ?? '')).toBe(true);
    const released = await digestOf({
      host: new URL(slipway.machine.url).host,
      repository: 'demo/one',
      version: 'latest',
    });
    expect(released).toBe(one?.image?.digest);
    expect(await slipway.log(two as NonNullable<typeof two>)).toContain(released);
  });
});

it('a project whose base is not there yet is built when it is, and the others are not built for another look', async () => {
  const image = `${outside.host}/outside/later:1`;
  await slipway.track(...[...jobs, 'early'].map((job, at) => slipway.entry(job, { id: String(at + 1) })));
  const early = await slipway.ended(
    'early',
    await slipway.pushSource('early', { Dockerfile: `FROM ${image}\nRUN true\n` }),
  );
  expect(early.failure?.error).toBe('BaseNotFoundError');
  await copyImage(published(), { host: outside.host, repository: 'outside/later', version: '1' });
  await watch();
  const [build] = await builds('early', 2);
  expect(build).toMatchObject({ status: 'released', cause: { bases: [{ image, previous: 'none' }] } });
  expect(await watch()).toBe(1);
  expect(await counts()).toEqual({ one: 2, two: 2, mirrored: 2 });
});

it('the watch needs every permission that it has', async () => {
  const unneeded = (await slipway.usedStatements())
    .filter(({ holder, effect, needed }) => holder.includes('WatchBases') && effect === 'Allow' && !needed)
    .map(({ statement }) => (statement as { Action: unknown }).Action);
  // That is the schedule's own.
  expect(unneeded).toEqual(['lambda:InvokeFunction']);
});
