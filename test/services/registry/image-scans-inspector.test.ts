import { InternalServerException } from '@aws-sdk/client-inspector2';
import { describe, expect, it } from 'vitest';
import { ScanPendingError } from '../../../core/model/errors.ts';
import { type Answer, ecr, ended, image, problem, type SmallInspector } from '../fake-ecr.ts';

const at = new Date('2026-11-20T12:00:00Z');
const later = (seconds: number) => () => at.getTime() + seconds * 1000;
const resourceId = `arn:aws:ecr:us-east-1:123456789012:repository/${image.repository}/${image.digest}`;

/** So ECR answers while it does not have Inspector's findings yet, and so it answers where there are none. */
const silence = (status: 'COMPLETE' | 'ACTIVE'): Answer => ({
  registryId: '123456789012',
  imageScanStatus: { status, description: 'The scan was completed successfully.' },
  imageScanFindings: { imageScanCompletedAt: at, findings: [] },
});
const covered = (statusCode: 'ACTIVE' | 'INACTIVE', reason: string, more: SmallInspector['covered'] = {}) => ({
  resourceId,
  resourceType: 'AWS_ECR_CONTAINER_IMAGE' as const,
  scanType: 'PACKAGE' as const,
  scanStatus: { statusCode, reason: reason as 'SUCCESSFUL' },
  lastScannedAt: at,
  ...more,
});
const watched = covered('ACTIVE', 'SUCCESSFUL');

describe('an image of which enhanced scanning lists no findings', () => {
  it.each([
    ['COMPLETE', covered('INACTIVE', 'SCAN_FREQUENCY_SCAN_ON_PUSH')],
    ['ACTIVE', watched],
  ] as const)('with %s is clean when Inspector says that it has looked and has none', async (status, own) => {
    const { scanOf, asked } = ecr([silence(status)], { now: later(61), inspector: { covered: own } });
    expect(await scanOf()).toEqual({
      state: 'complete',
      scanner: 'enhanced',
      status,
      findings: [],
      completedAt: at.toISOString(),
    });
    expect(asked).toEqual([
      { resourceId: [{ comparison: 'EQUALS', value: resourceId }] },
      expect.objectContaining({
        ecrImageHash: [{ comparison: 'EQUALS', value: image.digest }],
        ecrImageRepositoryName: [{ comparison: 'EQUALS', value: image.repository }],
      }),
    ]);
  });

  it.each<[string, SmallInspector, RegExp]>([
    ['Inspector does not know it', {}, /Inspector does not know it/],
    ['Inspector has not begun', { covered: covered('ACTIVE', 'PENDING_INITIAL_SCAN') }, /PENDING_INITIAL_SCAN/],
    ['Inspector cannot read it', { covered: covered('INACTIVE', 'UNSUPPORTED_OS') }, /INACTIVE, UNSUPPORTED_OS/],
    ['no filter is for it', { covered: covered('INACTIVE', 'SCAN_FREQUENCY_MANUAL') }, /SCAN_FREQUENCY_MANUAL/],
    [
      'Inspector gives no status',
      { covered: { resourceId, resourceType: 'AWS_ECR_CONTAINER_IMAGE', scanType: 'PACKAGE' } },
      /no status/,
    ],
    ['Inspector looked before', { covered: { ...watched, lastScannedAt: new Date(at.getTime() - 1) } }, /since/],
    [
      'Inspector never looked',
      { covered: covered('ACTIVE', 'SUCCESSFUL', { lastScannedAt: undefined as never }) },
      /since/,
    ],
    ['it is another image', { covered: { ...watched, resourceId: `${resourceId}0` } }, /does not know/],
    ['it was another kind of scan', { covered: { ...watched, scanType: 'NETWORK' } }, /does not know/],
    ['Inspector has findings', { covered: watched, findings: 1 }, /Inspector has findings that ECR does not return/],
    ['Inspector is in trouble', { problem: new InternalServerException(problem) }, /did not answer/],
  ])('is waited for when %s', async (_, inspector, reason) => {
    const waiting = ecr([silence('COMPLETE')], { now: later(61), inspector });
    await expect(waiting.scanOf()).rejects.toThrow(ScanPendingError);
    expect(await waiting.read()).toMatchObject({ state: 'pending', reason: expect.stringMatching(reason) });
  });

  it('is waited for until findings cannot come any more, whatever Inspector says', async () => {
    const early = ecr([silence('COMPLETE')], { now: later(59), inspector: { covered: watched } });
    await expect(early.scanOf()).rejects.toThrow(/its findings may still come/);
    expect(early.asked).toEqual([]);
  });

  it('is waited for when ECR does not say whose it is', async () => {
    const { registryId: _, ...nobody } = silence('COMPLETE');
    await expect(ecr([nobody], { now: later(61), inspector: { covered: watched } }).scanOf()).rejects.toThrow(
      /which account/,
    );
  });

  it('is clean when all of its findings are closed', async () => {
    const closed = ended({ enhancedFindings: [{ title: 'CVE-1', status: 'CLOSED' }] }, { at });
    expect(await ecr([closed], { now: later(1) }).scanOf()).toMatchObject({ state: 'complete', findings: [] });
  });

  it.each([
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['eu-west-1', 'aws'],
  ])('is requested by its name in %s', async (region, partition) => {
    const { scanOf, asked } = ecr([silence('ACTIVE')], { now: later(61), inspector: {}, region });
    await expect(scanOf()).rejects.toThrow(ScanPendingError);
    expect(JSON.stringify(asked)).toContain(`"arn:${partition}:ecr:${region}:123456789012:repository/`);
  });
});

it('permissions that are missing at Inspector are an error, not a wait', async () => {
  const refused = Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' });
  const { scanOf } = ecr([silence('COMPLETE')], { now: later(61), inspector: { problem: refused } });
  await expect(scanOf()).rejects.toBe(refused);
});
