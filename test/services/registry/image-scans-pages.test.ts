import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { InvalidParameterException, ValidationException } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ScanPendingError } from '../../../core/model/errors.ts';
import { mostVulnerabilities } from '../../../core/model/findings.ts';
import { type Answer, ecr, ended, problem } from '../fake-ecr.ts';

const at = new Date('2026-11-20T12:00:00Z');
const now = () => at.getTime();
const findings = (from: number, count: number) =>
  Array.from({ length: count }, (_, place) => ({ name: `CVE-${from + place}`, severity: 'LOW' as const }));

/** Each page names the next. */
const pagesOf = (count: number, perPage: number, page: (from: number) => Answer['imageScanFindings']) =>
  Array.from({ length: count }, (_, place) =>
    ended(page(place * perPage), { at, ...(place + 1 < count ? { nextToken: String(place + 1) } : {}) }),
  );

describe('findings on many pages', () => {
  it('are all there: ten thousand of them', async () => {
    const { scanOf, calls } = ecr(
      pagesOf(20, 500, (from) => ({ findings: findings(from, 500) })),
      { now },
    );
    const scan = await scanOf();
    expect(scan.state).toBe('complete');
    expect(new Set(scan.findings.map(({ id }) => id)).size).toBe(10_000);
    expect(calls).toHaveLength(20);
    expect(await scanOf()).toEqual(scan);
  });

  it('of Inspector, a hundred on a page, are all there', async () => {
    const page = (from: number) => ({ enhancedFindings: findings(from, 100).map(({ name }) => ({ title: name })) });
    const scan = await ecr(pagesOf(60, 100, page), { now }).scanOf();
    expect(scan).toMatchObject({ state: 'complete', scanner: 'enhanced' });
    expect(scan.findings).toHaveLength(6000);
  });

  it('leave nothing of their long texts in memory', async () => {
    // The pages are made when they are requested, as ECR's are: 200 MB together.
    const pages = new Proxy(
      pagesOf(20, 500, () => ({})),
      {
        get(all, place) {
          const page = all[Number(place)];
          const long = findings(Number(place) * 500, 500).map((each) => ({
            ...each,
            description: `${each.name}-${'x'.repeat(20_000)}`,
          }));
          return { ...page, imageScanFindings: { imageScanCompletedAt: at, findings: long } };
        },
      },
    );
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const { findings: all } = await ecr(pages, { now }).scanOf();
    collectGarbage();
    expect(all).toHaveLength(10_000);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(40_000_000);
  });

  it('that are more than can be judged fail, and say so', async () => {
    const perPage = mostVulnerabilities / 4;
    const exactly = ecr(
      pagesOf(4, perPage, (from) => ({ findings: findings(from, perPage) })),
      { now },
    );
    expect(await exactly.scanOf()).toMatchObject({ state: 'complete' });
    for (const count of [5, 400]) {
      const { scanOf, calls } = ecr(
        pagesOf(count, perPage, (from) => ({ findings: findings(from, perPage) })),
        { now },
      );
      const scan = await scanOf();
      expect(scan).toMatchObject({ state: 'failed', reason: expect.stringContaining('more than 20,000 findings') });
      expect(scan.findings).toHaveLength(mostVulnerabilities);
      expect(calls).toHaveLength(5);
    }
  });

  it.each([
    ['the same token again', [ended({ findings: findings(0, 1) }, { at, nextToken: '0' })], 2],
    [
      'two tokens by turns',
      [ended({}, { at, nextToken: '1' }), ended({ findings: findings(0, 1) }, { at, nextToken: '0' })],
      3,
    ],
    ['empty pages without an end', pagesOf(1000, 0, () => ({ findings: [] })), 501],
  ])('with %s fail', async (_, pages, most) => {
    const { scanOf, calls } = ecr(pages, { now });
    expect(await scanOf()).toMatchObject({ state: 'failed', reason: expect.stringContaining('without an end') });
    expect(calls).toHaveLength(most);
  });

  const first = ended({ findings: findings(0, 1) }, { at, nextToken: '1' });
  it.each<[string, (Answer | Error)[]]>([
    ['whose token is too old', [first, new InvalidParameterException(problem)]],
    ['whose token is of something else', [first, new ValidationException(problem)]],
    ['of which a new scan begins meanwhile', [first, { imageScanStatus: { status: 'IN_PROGRESS' } }]],
    ['of which a new scan ends meanwhile', [first, ended({ findings: [] }, { at: new Date(at.getTime() + 1000) })]],
    [
      'of which fewer are listed than are counted',
      [ended({ findings: findings(0, 2), findingSeverityCounts: { LOW: 3 } }, { at })],
    ],
    [
      'of Inspector of which fewer are listed than are counted',
      [
        ended(
          { enhancedFindings: [{ title: 'CVE-1' }], findingSeverityCounts: { HIGH: 1, UNTRIAGED: 1 } as never },
          { at },
        ),
      ],
    ],
    ['that were counted and are not listed', [ended({ findings: [], findingSeverityCounts: { CRITICAL: 3 } }, { at })]],
  ])('%s are read again from the first, never taken for fewer', async (_, pages) => {
    const { scanOf, read } = ecr(pages, { now });
    await expect(scanOf()).rejects.toThrow(ScanPendingError);
    expect(await read()).toMatchObject({ state: 'pending', reason: expect.stringContaining('read again') });
  });

  it('that take longer than the function has are read again, and say why', async () => {
    let time = at.getTime();
    const slow = ecr(
      pagesOf(400, 1, (from) => ({ findings: findings(from, 1) })),
      {
        now() {
          time += 1000;
          return time;
        },
      },
    );
    await expect(slow.scanOf()).rejects.toThrow(/too slow/);
    expect(slow.calls.length).toBeLessThan(160);
  });
});
