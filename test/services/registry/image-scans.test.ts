import {
  ImageArchivedException,
  ImageNotFoundException,
  LimitExceededException,
  RepositoryNotFoundException,
  ScanNotFoundException,
  ServerException,
  UnsupportedImageTypeException,
  ValidationException,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ScanPendingError } from '../../../core/model/errors.ts';
import { type Answer, ecr, ended, image, problem, throttled } from '../fake-ecr.ts';

const withStatus = (status?: string, description?: string) =>
  ecr([{ imageScanStatus: { status, description } as NonNullable<Answer['imageScanStatus']> }]);
const none = new ScanNotFoundException(problem);
const tooEarly = new LimitExceededException(problem);

describe('a scan', () => {
  it('that is COMPLETE has its findings, perhaps none', async () => {
    const at = new Date('2026-11-20T12:00:00Z');
    const { scanOf, asked } = ecr([ended({ findings: [], vulnerabilitySourceUpdatedAt: new Date(0) }, { at })], {
      now: () => at.getTime(),
    });
    expect(await scanOf()).toEqual({
      state: 'complete',
      findings: [],
      status: 'COMPLETE',
      scanner: 'basic',
      completedAt: at.toISOString(),
      sourceUpdatedAt: '1970-01-01T00:00:00.000Z',
    });
    expect(asked).toEqual([]);
  });

  // https://github.com/aws/aws-sdk/issues/289
  it.each(['COMPLETE', 'ACTIVE'] as const)(
    'that is %s and has not scanned the image yet is waited for, not passed',
    async (status) => {
      const waiting = ecr([{ imageScanStatus: { status }, imageScanFindings: { findings: [], enhancedFindings: [] } }]);
      await expect(waiting.scanOf()).rejects.toThrow(ScanPendingError);
      expect(await waiting.read()).toMatchObject({ state: 'pending', status });
      await expect(ecr([{ imageScanStatus: { status } }]).scanOf()).rejects.toThrow(ScanPendingError);
    },
  );

  it.each([
    ['IN_PROGRESS', /^ECR is scanning candidate\/demo\/app@sha256:0 \(because\)\.$/],
    ['PENDING', /^Inspector has not begun to scan .* \(because\); if this goes on, see whether Amazon Inspector/],
    [undefined, /says nothing yet/],
  ])('that is %s is waited for', async (status, reason) => {
    const waiting = withStatus(status, 'because');
    await expect(waiting.scanOf()).rejects.toThrow(ScanPendingError);
    expect(await waiting.read()).toMatchObject({ state: 'pending', reason: expect.stringMatching(reason) });
    await expect(ecr([{}]).scanOf()).rejects.toThrow(ScanPendingError);
  });

  it.each([
    ['FAILED', 'ECR could not scan the image', /build again tomorrow, or change the image$/],
    ['FINDINGS_UNAVAILABLE', 'ECR cannot get the findings', /whether Amazon Inspector is activated/],
    ['SCAN_ELIGIBILITY_EXPIRED', 'Inspector no longer scans the image', /longer, then build again/],
    ['LIMIT_EXCEEDED', 'A limit of the account', /ask for a higher one, or build again tomorrow/],
    ['IMAGE_ARCHIVED', 'The image is archived in ECR', /restore it there, or build again/],
    ['A_STATUS_OF_TOMORROW', 'ECR says A_STATUS_OF_TOMORROW of the scan', /scan/],
  ])('that is %s has failed, and says what to do', async (status, what, remedy) => {
    const imageScanStatus = { status } as NonNullable<Answer['imageScanStatus']>;
    const scan = await ecr([{ imageScanStatus }], { start: tooEarly }).scanOf();
    expect(scan).toEqual({ state: 'failed', status, reason: expect.stringContaining(what), findings: [] });
    expect(scan.reason).toMatch(remedy);
    const description = 'because\n\u001b[31mof <b>that</b>\n';
    const again = await ecr([{ imageScanStatus: { ...imageScanStatus, description } }], { start: tooEarly }).scanOf();
    expect(again.reason).toContain('(because \\u001b[31mof <b>that</b>)');
  });

  it.each([
    ['UNSUPPORTED_IMAGE', 'no package manager'],
    ['FAILED', 'UnsupportedImageError: The operating system is not supported.'],
  ])('that is %s because ECR does not know the distribution is unsupported', async (status, description) => {
    const { scanOf, calls } = withStatus(status, description);
    const scan = await scanOf();
    expect(scan).toEqual({ state: 'unsupported', status, reason: description.replace(/\.$/, ''), findings: [] });
    expect(calls).toEqual(['read 0']);
  });
});

describe('an image that has no scan', () => {
  it('gets one, which is waited for', async () => {
    const { scanOf, calls } = ecr([none]);
    await expect(scanOf()).rejects.toThrow(ScanPendingError);
    expect(calls).toEqual(['read 0', 'start']);
  });

  it.each([
    ['was scanned today', tooEarly, /has had all its scans of 24 hours/],
    ['is scanned by the registry itself', new ValidationException(problem), /see whether a filter .* covers the repos/],
  ])('and %s is waited for', async (_, answer, reason) => {
    const waited = ecr([none], { start: answer }).scanOf();
    await expect(waited).rejects.toThrow(ScanPendingError);
    await expect(waited).rejects.toThrow(reason);
  });

  it('and cannot get one is unsupported', async () => {
    expect(await ecr([none], { start: new UnsupportedImageTypeException(problem) }).scanOf()).toEqual({
      state: 'unsupported',
      reason: 'as ECR says it',
      findings: [],
    });
  });

  it('because it is archived fails', async () => {
    const scan = await ecr([none], { start: new ImageArchivedException(problem) }).scanOf();
    expect(scan).toMatchObject({ state: 'failed', reason: expect.stringContaining('restore it') });
  });

  it('because it is not there is an error', async () => {
    const gone = new ImageNotFoundException(problem);
    await expect(ecr([gone]).scanOf()).rejects.toBe(gone);
    await expect(ecr([none], { start: gone }).scanOf()).rejects.toBe(gone);
  });
});

it.each([
  ['is in trouble', new ServerException(problem)],
  ['has too many callers', throttled],
])('a registry that %s is asked again', async (_, trouble) => {
  await expect(ecr([trouble]).scanOf()).rejects.toThrow(ScanPendingError);
  await expect(ecr([none], { start: trouble }).scanOf()).rejects.toThrow(ScanPendingError);
  expect(await ecr([trouble]).read()).toMatchObject({ state: 'pending' });
});

describe('a caller that only reads', () => {
  it.each([
    ['none', none],
    ['gone', new ImageNotFoundException(problem)],
    ['gone', new RepositoryNotFoundException(problem)],
  ])('gets that the scan is %s, and begins none', async (state, answer) => {
    const { read, calls } = ecr([answer]);
    expect(await read()).toEqual({ state, reason: expect.stringContaining('candidate/demo/app@sha256:0') });
    expect(calls).toEqual(['read 0']);
  });

  it('gets what is known, however old, and what failed', async () => {
    const old = new Date('2020-01-01T00:00:00Z');
    const { read, calls } = ecr([ended({ findings: [{ name: 'CVE-1', severity: 'LOW' }] }, { at: old })]);
    expect(await read()).toMatchObject({
      state: 'complete',
      completedAt: old.toISOString(),
      findings: [{ id: 'CVE-1' }],
    });
    expect(calls).toEqual(['read 0']);
    expect(await withStatus('FAILED').read()).toMatchObject({ state: 'failed' });
  });
});

it.each([
  ['begun', {}],
  ['refused', tooEarly],
  ['refused', new ValidationException(problem)],
])('a scan that is requested is %s', async (answer, start) => {
  expect(await ecr([], { start }).start()).toBe(answer);
});

it('that an image can have no scan is the answer to a request for one', async () => {
  expect(await ecr([], { start: new UnsupportedImageTypeException(problem) }).start()).toMatchObject({
    state: 'unsupported',
  });
  expect(await ecr([], { start: new ImageArchivedException(problem) }).start()).toMatchObject({ state: 'failed' });
});

it('the image that a tag names, and its size, are those in the registry', async () => {
  expect(await ecr([]).tagged('1a2b')).toEqual({ digest: image.digest, sizeBytes: 12_345 });
  for (const tagged of [new ImageNotFoundException(problem), new RepositoryNotFoundException(problem)])
    expect(await ecr([], { tagged }).tagged('1a2b')).toBeUndefined();
  await expect(ecr([], { tagged: new Error('elsewhere') }).tagged('1a2b')).rejects.toThrow('elsewhere');
});
