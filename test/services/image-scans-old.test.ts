import { type ECRClient, LimitExceededException, StartImageScanCommand } from '@aws-sdk/client-ecr';
import { expect, it } from 'vitest';
import { ScanPendingError } from '../../core/errors.ts';
import { createImageScans } from '../../services/image-scans.ts';

const image = { repository: 'candidate/demo/app', digest: 'sha256:0' };
const hour = 3_600_000;

/** ECR with one scan, of that many hours ago. */
function scansOf(hoursAgo: number, mayStart = true) {
  const started: string[] = [];
  const client = {
    async send(command: unknown) {
      if (!(command instanceof StartImageScanCommand)) {
        const imageScanCompletedAt = new Date(Date.now() - hoursAgo * hour);
        return { imageScanStatus: { status: 'COMPLETE' }, imageScanFindings: { imageScanCompletedAt, findings: [] } };
      }
      if (!mayStart) throw new LimitExceededException({ $metadata: {}, message: 'once a day' });
      return void started.push(command.input.imageId?.imageDigest ?? '');
    },
  };
  return { started, scans: createImageScans(client as unknown as ECRClient) };
}

it('an image that was scanned days ago is scanned again before it is judged', async () => {
  const { started, scans } = scansOf(50);
  await expect(scans.scanOf(image)).rejects.toThrow(ScanPendingError);
  expect(started).toEqual([image.digest]);
});

it.each([
  ['of today', scansOf(1)],
  ['that ECR does not repeat yet', scansOf(25, false)],
])('a scan %s is taken as it is', async (_, { started, scans }) => {
  expect(await scans.scanOf(image)).toEqual({ state: 'complete', findings: [] });
  expect(started).toEqual([]);
});
