import type { ECRClient } from '@aws-sdk/client-ecr';
import { expect, it } from 'vitest';
import { ScanPendingError } from '../../core/errors.ts';
import { createImageScans } from '../../services/image-scans.ts';

it('a finding of enhanced scanning that names no package is a finding all the same', async () => {
  const answer = {
    imageScanStatus: { status: 'ACTIVE' },
    imageScanFindings: {
      imageScanCompletedAt: new Date(),
      enhancedFindings: [
        {
          severity: 'CRITICAL',
          packageVulnerabilityDetails: { vulnerabilityId: 'CVE-2026-1', vulnerablePackages: [] },
        },
        { severity: 'HIGH', title: 'Something else' },
      ],
    },
  };
  const client = { send: async () => answer } as unknown as ECRClient;
  const { findings } = await createImageScans(client).scanOf({ repository: 'candidate/demo/app', digest: 'sha256:0' });
  expect(findings.map(({ id, severity }) => [id, severity])).toEqual([
    ['CVE-2026-1', 'CRITICAL'],
    ['Something else', 'HIGH'],
  ]);
});

it('an image that enhanced scanning watches and has not looked at yet is waited for, not passed', async () => {
  const client = { send: async () => ({ imageScanStatus: { status: 'ACTIVE' }, imageScanFindings: {} }) };
  const scans = createImageScans(client as unknown as ECRClient);
  await expect(scans.scanOf({ repository: 'candidate/demo/app', digest: 'sha256:0' })).rejects.toThrow(
    ScanPendingError,
  );
});
