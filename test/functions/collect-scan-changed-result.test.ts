import { expect, it } from 'vitest';
import type { BuildResult } from '../../core/model/builder-contract.ts';
import { ScanPendingError } from '../../core/model/errors.ts';
import { createCollectScan } from '../../functions/collect-scan.ts';
import { commit, digest, setUpServices } from './services-setup.ts';

const id = '00000000000000aa';
const resultWith = (own: string): BuildResult => ({
  outcome: 'built',
  digest: own,
  commit,
  committedAt: '2026-11-21T00:00:00Z',
  bases: [],
  engine: 'buildah',
});

it('the image that is released is the image that was scanned, also when the result changes while the scan is waited for', async () => {
  await using world = await setUpServices();
  await world.queue(id);
  const scanned: string[] = [];
  let isPending = true;
  const collect = createCollectScan({
    ...world,
    repositoryPrefix: 'slipway/',
    indexes: { imagesOf: async () => undefined },
    taken: { copy: async () => undefined },
    scans: {
      tagged: async () => ({ digest, sizeBytes: undefined }),
      async scanOf(image) {
        scanned.push(image.digest);
        if (isPending) throw new ScanPendingError('not yet');
        return { state: 'complete', findings: [] };
      },
    },
  });
  world.results.set(id, resultWith(digest));
  await expect(collect({ build: id })).rejects.toThrow(ScanPendingError);
  world.results.set(id, resultWith(`sha256:${'e'.repeat(64)}`));
  isPending = false;
  await collect({ build: id });
  expect(scanned).toEqual([digest, digest]);
  expect((await world.builds.require(id)).candidate?.digest).toBe(digest);
});
