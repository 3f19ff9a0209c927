import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
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

const publish = (versions: Record<string, string>) =>
  putSuite(distribution, '/debian/dists/stable', {
    'main/binary-amd64/Packages.gz': gzipSync(packagesFile(versions, 'amd64')),
    'main/binary-arm64/Packages.gz': gzipSync(packagesFile(versions, 'arm64')),
  });

const watch = () => slipway.invoke('WatchPackages');

/** The builds of a job, newest first, when there are as many as said and all have ended. */
const builds = (job: string, count: number) =>
  slipway.until(`the end of build ${count} of ${job}`, async () => {
    const found = await slipway.builds(job);
    const isOver = found.every(({ status }) => !['queued', 'building', 'scanning', 'releasing'].includes(status));
    return found.length >= count && isOver ? found : undefined;
  });

it('an update of a package in a released image rebuilds it and what depends on it, once', async () => {
  const sources = `Types: deb\nURIs: ${distribution.url}/debian\nSuites: stable\nComponents: main\n`;
  const layer = 'RUN cat /proc/sys/kernel/random/uuid > /installed\n';
  await slipway.pushSource('outdated', {
    Dockerfile: `${smallDebian}COPY debian.sources /etc/apt/sources.list.d/\n${layer}`,
    'debian.sources': sources,
  });
  await slipway.pushSource('upon', { Dockerfile: `FROM demo/outdated:latest\n${layer}` });
  publish({ 'busybox-static': '0.1-1' });
  await slipway.track(slipway.entry('outdated'), slipway.entry('upon', { 'depends-on': 'demo/outdated:latest' }));
  const [first] = await builds('outdated', 1);
  await builds('upon', 1);
  expect(first?.status).toBe('released');

  // What the distribution has is older than what is installed.
  expect(await watch()).toMatchObject({ images: 2, checked: 2, outdated: 0, rebuilds: 0, unreachable: 0 });

  publish({ 'busybox-static': '99:1.0-1', 'not-installed': '1' });
  expect(await watch()).toMatchObject({ images: 2, checked: 2, outdated: 2, rebuilds: 1 });
  const [rebuilt] = await builds('outdated', 2);
  expect(rebuilt?.status).toBe('released');
  // The step that makes a file of its own was done anew.
  expect(rebuilt?.image?.digest).not.toBe(first?.image?.digest);
  const [child] = await builds('upon', 2);
  expect(child?.status).toBe('released');
  const shown = await (await fetch(`${slipway.machine.url}/api/v1/builds/${rebuilt?.id}`)).json();
  expect(shown).toMatchObject({
    cause: { type: 'packages-changed', total: 1, updates: [expect.stringMatching(/^busybox-static .* → 99:1\.0-1$/)] },
  });

  // The image still has the old version, as its Dockerfile upgrades nothing: the same updates call for nothing again.
  await watch();
  expect((await slipway.builds('outdated')).length).toBe(2);
});
