import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { type PackageSite, packagesFile, putSuite, startPackageSite } from '../services/package-site.ts';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;
let distribution: PackageSite;
beforeAll(async () => {
  distribution = await startPackageSite();
  slipway = await startSlipway();
});
afterAll(async () => {
  await slipway?.stop();
  await distribution?.[Symbol.asyncDispose]();
});

const buildSchema = z.object({
  status: z.string(),
  cause: z.looseObject({ type: z.string() }),
  createdAt: z.string(),
  endedAt: z.string().nullable(),
  image: z.object({ digest: z.string() }).nullable(),
});

/** The builds of a job as the public API has them, newest first. */
async function buildsOf(job: string): Promise<z.infer<typeof buildSchema>[]> {
  const answer = await fetch(`${slipway.machine.url}/api/v1/builds?project=demo/${job}:latest`);
  return z.object({ items: z.array(buildSchema) }).parse(await answer.json()).items;
}

/** Each job with what it depends on. */
const parents = { base: [], left: ['base'], right: ['base'], top: ['left', 'right'] };
const jobs = Object.keys(parents) as (keyof typeof parents)[];

/** The newest build of each job when all have as many as said, and all have ended. */
async function newest(count: number) {
  const found = new Map<string, Awaited<ReturnType<typeof buildsOf>>[number] | undefined>();
  for (const job of jobs) {
    const builds = await slipway.until(`${count} builds of ${job}`, async () => {
      const all = await buildsOf(job);
      return all.length >= count && all.every(({ endedAt }) => endedAt) ? all : undefined;
    });
    found.set(job, builds[0]);
  }
  // No further build has come meanwhile: each is built once.
  for (const job of jobs)
    expect((await buildsOf(job)).map(({ status }) => status)).toEqual(Array(count).fill('released'));
  for (const [job, own] of Object.entries(parents))
    for (const parent of own)
      expect((found.get(job)?.createdAt ?? '') > (found.get(parent)?.endedAt ?? '~')).toBe(true);
  return found;
}

const publish = (versions: Record<string, string>) =>
  putSuite(distribution, '/debian/dists/stable', {
    'main/binary-amd64/Packages.gz': gzipSync(packagesFile(versions, 'amd64')),
    'main/binary-arm64/Packages.gz': gzipSync(packagesFile(versions, 'arm64')),
  });

const watch = () => slipway.invoke('WatchPackages');

const dependingOn = (own: readonly string[]) =>
  [
    `FROM demo/${own[0]}:latest`,
    ...own.slice(1).map((parent) => `COPY --from=demo/${parent}:latest /etc/of-${parent} /etc/of-${parent}`),
  ].join('\n');

it('the index builds what depends on each other, parents first', async () => {
  const sources = `Types: deb\nURIs: ${distribution.url}/debian\nSuites: stable\nComponents: main\n`;
  for (const [job, own] of Object.entries(parents)) {
    const from = own.length > 0 ? dependingOn(own) : `${smallDebian}COPY debian.sources /etc/apt/sources.list.d/`;
    await slipway.pushSource(job, {
      Dockerfile: `${from}\nRUN cat /proc/sys/kernel/random/uuid > /etc/of-${job}\n`,
      'debian.sources': sources,
    });
  }
  publish({ 'busybox-static': '0.1-1' });
  const names = (own: readonly string[]) => `[${own.map((parent) => `demo/${parent}:latest`).join(', ')}]`;
  await slipway.track(
    ...Object.entries(parents).map(([job, own], at) =>
      slipway.entry(job, { id: String(at + 1), 'depends-on': own.length > 0 ? names(own) : 'null' }),
    ),
  );
  await newest(1);
});

it('an update of a package in an image rebuilds it and what depends on it, each once, after its own parents', async () => {
  const [before] = await buildsOf('base');
  // What the distribution has is older than what is installed.
  expect(await watch()).toMatchObject({ images: 4, checked: 4, outdated: 0, rebuilds: 0, unreachable: 0 });

  publish({ 'busybox-static': '99:1.0-1', 'not-installed': '1' });
  expect(await watch()).toMatchObject({ images: 4, checked: 4, outdated: 4, rebuilds: 1 });
  const rebuilt = await newest(2);
  expect(rebuilt.get('base')?.cause).toMatchObject({
    type: 'packages-changed',
    total: 1,
    updates: [expect.stringMatching(/^busybox-static .* → 99:1\.0-1$/)],
  });
  // The step that makes a file of its own was done anew.
  expect(rebuilt.get('base')?.image?.digest).not.toBe(before?.image?.digest);

  // The image still has the old version, as its Dockerfile upgrades nothing: the same updates call for nothing again.
  expect(await watch()).toMatchObject({ rebuilds: 0 });
});
