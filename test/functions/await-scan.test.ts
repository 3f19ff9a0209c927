import { expect, it } from 'vitest';
import { ScanEndedError, ScanPendingError } from '../../core/model/errors.ts';
import type { Scan } from '../../core/model/findings.ts';
import { createAwaitScan } from '../../functions/await-scan.ts';
import { createResumeBuild } from '../../functions/resume-build.ts';
import { digest, setUpServices } from './services-setup.ts';

const id = '00000000000000aa';
const candidate = { repository: 'slipway/candidate/demo/app', digest, sizeBytes: 1 };
const scanned = (tag: string) => ({
  'detail-type': 'ECR Image Scan',
  detail: { 'repository-name': candidate.repository, 'image-digest': digest, 'image-tags': [tag] },
});

async function startWaiting() {
  const world = await setUpServices();
  await world.queue(id);
  await world.builds.begin(id, 'build', 'building');
  await world.builds.endStage(id, 'build', 'succeeded', { candidate });
  const resumed: string[] = [];
  const resume = createResumeBuild({
    builds: world.builds,
    tokens: { succeed: async (token) => void resumed.push(token) },
  });
  const awaitScan = (scanOf: () => Promise<Scan>, token: string) =>
    createAwaitScan({ builds: world.builds, scans: { scanOf } })({ build: id, token });
  return Object.assign(world, { resumed, resume, awaitScan });
}

const pending = () => Promise.reject(new ScanPendingError('not yet'));

it('a build whose scan has not ended waits, and goes on with the event of its candidate', async () => {
  await using world = await startWaiting();
  await world.awaitScan(pending, 'first');
  await world.resume(scanned('00000000000000bb'));
  expect(world.resumed).toEqual([]);
  await world.resume(scanned(id));
  // The next look, after the first wait was over.
  await world.awaitScan(pending, 'second');
  await world.resume(scanned(id));
  expect(world.resumed).toEqual(['first', 'second']);
});

it('a build whose scan ended before it waited does not wait for another event', async () => {
  await using world = await startWaiting();
  const ended = async (): Promise<Scan> => {
    // An event that comes meanwhile finds the build waiting.
    await world.resume(scanned(id));
    return { state: 'complete', findings: [] };
  };
  await expect(world.awaitScan(ended, 'token')).rejects.toThrow(ScanEndedError);
  expect(world.resumed).toEqual(['token']);
});
