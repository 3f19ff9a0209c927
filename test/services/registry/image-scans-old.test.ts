import { ImageArchivedException, LimitExceededException, ValidationException } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ScanPendingError } from '../../../core/model/errors.ts';
import { ecr, ended, problem } from '../fake-ecr.ts';

const hour = 3_600_000;
const hoursAgo = (hours: number) => new Date(Date.now() - hours * hour);
const tooEarly = new LimitExceededException(problem);
const enhanced = new ValidationException(problem);
const finding = { findings: [{ name: 'CVE-1', severity: 'LOW' as const }] };

describe('an image that was scanned days ago', () => {
  it('is scanned again before it is judged', async () => {
    const { scanOf, calls } = ecr([ended(finding, { at: hoursAgo(50) })]);
    await expect(scanOf()).rejects.toThrow(ScanPendingError);
    expect(calls).toEqual(['read 0', 'start']);
  });

  it('and that ECR does not scan again today is not judged by what is old', async () => {
    const scan = await ecr([ended(finding, { at: hoursAgo(50) })], { start: tooEarly }).scanOf();
    expect(scan).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/ starts no other one today: build again/),
    });
  });

  it('and was archived since fails', async () => {
    const scan = await ecr([ended(finding, { at: hoursAgo(50) })], {
      start: new ImageArchivedException(problem),
    }).scanOf();
    expect(scan).toMatchObject({ state: 'failed', status: 'IMAGE_ARCHIVED' });
  });

  it('is judged by what Inspector said, where it scans on push only', async () => {
    const at = hoursAgo(200);
    const scan = await ecr([ended({ enhancedFindings: [{ title: 'CVE-1' }] }, { at })], { start: enhanced }).scanOf();
    expect(scan).toMatchObject({ state: 'complete', scanner: 'enhanced', completedAt: at.toISOString() });
  });

  it('and that Inspector watches has the findings of today', async () => {
    const { scanOf, calls } = ecr([
      ended({ enhancedFindings: [{ title: 'CVE-1' }] }, { status: 'ACTIVE', at: hoursAgo(200) }),
    ]);
    expect(await scanOf()).toMatchObject({ state: 'complete' });
    expect(calls).toEqual(['read 0']);
  });
});

it.each([
  ['of today', 1, {}, ['read 0']],
  ['that ECR does not repeat yet', 25, tooEarly, ['read 0', 'start']],
])('a scan %s is taken as it is', async (_, hours, start, asked) => {
  const { scanOf, calls } = ecr([ended(finding, { at: hoursAgo(hours) })], { start });
  expect(await scanOf()).toMatchObject({ state: 'complete', findings: [{ id: 'CVE-1' }] });
  expect(calls).toEqual(asked);
});

describe('a scan that failed', () => {
  const failed = { imageScanStatus: { status: 'FAILED' as const, description: 'internal error' } };

  it('is tried again', async () => {
    await expect(ecr([failed]).scanOf()).rejects.toThrow(ScanPendingError);
  });

  it('lets nothing pass on the day on which ECR tries no more, and says when it does', async () => {
    expect(await ecr([failed], { start: tooEarly }).scanOf()).toMatchObject({
      state: 'failed',
      reason:
        'ECR could not scan the image (internal error), and scans an image once in 24 hours: build again tomorrow, or change the image',
    });
  });

  it('of Inspector stays failed', async () => {
    expect(await ecr([failed], { start: enhanced }).scanOf()).toMatchObject({
      state: 'failed',
      reason: 'ECR could not scan the image (internal error)',
    });
  });
});
