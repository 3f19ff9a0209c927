import { describe, expect, it } from 'vitest';
import type { Scan } from '../../../core/model/findings.ts';
import {
  afterScanRequest,
  decideRescan,
  dueAfterRescan,
  floatingOf,
  type ImageReading,
} from '../../../core/releases/rescan.ts';

const now = new Date('2026-11-21T12:00:00.000Z');
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000).toISOString();
const inHours = (hours: number) => hoursAgo(-hours);
const scan = (over: Partial<Scan> = {}): Scan => ({ state: 'complete', findings: [], scanner: 'basic', ...over });
const fresh = scan({ completedAt: hoursAgo(23) });
const old = scan({ completedAt: hoursAgo(25) });
const pending: ImageReading = { state: 'pending', reason: 'ECR is scanning it.' };
const none: ImageReading = { state: 'none', reason: 'ECR has no scan of it yet.' };
const take = (result: object) => ({ do: 'take', result });

describe('a released image whose time has come', () => {
  const unsupported = scan({ state: 'unsupported', reason: 'No such system.' });
  it.each([
    [
      'that Inspector watches has its findings of today',
      scan({ scanner: 'enhanced', completedAt: hoursAgo(900) }),
      undefined,
      'take',
    ],
    ['with a scan of less than a day has it', fresh, undefined, 'take'],
    ['with an older scan is scanned again', old, undefined, 'request'],
    ['without a scan is scanned', none, undefined, 'request'],
    ['whose scan is under way is waited for', pending, undefined, 'wait'],
    ['whose scan is under way since an hour is waited for', pending, hoursAgo(1), 'wait'],
    ['that could not be read is scanned again', unsupported, undefined, 'request'],
    ['that could not be read when it was asked for has its answer', unsupported, hoursAgo(1), 'take'],
    ['that could not be read, requested days ago, is scanned again', unsupported, hoursAgo(25), 'request'],
  ] as const)('%s', (_, reading, requestedAt, what) => {
    expect(decideRescan({ requestedAt }, reading, now).do).toBe(what);
  });

  it('that is not in the registry any more is gone', () => {
    const gone: ImageReading = { state: 'gone', reason: 'It is not there.' };
    expect(decideRescan({}, gone, now)).toEqual(take({ state: 'gone', reason: 'It is not there.' }));
  });

  it('whose scan has not ended for a day could not be scanned', () => {
    const result = { state: 'failed', findings: [], reason: 'The scan did not end: ECR is scanning it.' };
    expect(decideRescan({ requestedAt: hoursAgo(24) }, pending, now)).toEqual(take(result));
  });

  it('is checked again an hour later while its scan is under way, and the day counts from the first time', () => {
    const wait = { do: 'wait', requestedAt: hoursAgo(5), dueAt: inHours(1), reason: 'ECR is scanning it.' };
    expect(decideRescan({ requestedAt: hoursAgo(5) }, pending, now)).toEqual(wait);
    expect(decideRescan({}, pending, now)).toEqual({ ...wait, requestedAt: now.toISOString() });
  });
});

describe('after the request of a scan, which', () => {
  const failed = scan({ state: 'failed', reason: 'It could not be read.' });
  it.each([
    ['it has begun, the image is waited for', old, undefined, 'begun', 'wait'],
    ['it begins none, with a complete scan of before: it is asked again', old, undefined, 'refused', 'wait'],
    ['it has begun none for a day, with a scan of before: that one counts', old, hoursAgo(25), 'refused', old],
    ['it begins none, and could not read the image today: that is the answer', failed, undefined, 'refused', failed],
    ['it begins none, without any scan: it is asked again', none, undefined, 'refused', 'wait'],
    ['can never be: that is the answer', none, undefined, failed, failed],
  ] as const)('%s', (_, reading, requestedAt, answer, expected) => {
    const decision = afterScanRequest({ requestedAt }, reading, answer, now);
    expect(decision.do === 'take' ? decision.result : decision.do).toEqual(expected);
  });

  it('it has begun none for a day, the image could not be scanned', () => {
    expect(afterScanRequest({ requestedAt: hoursAgo(25) }, none, 'refused', now)).toEqual(
      take({ state: 'failed', findings: [], reason: 'The registry did not start a scan of the image within a day.' }),
    );
  });

  it.each([
    ['begun', 1, now.toISOString()],
    ['refused', 6, hoursAgo(2)],
  ] as const)('is %s: the image is rescanned %i hours later', (answer, hours, requestedAt) => {
    const decision = afterScanRequest({ requestedAt: hoursAgo(2) }, none, answer, now);
    expect(decision).toMatchObject({ do: 'wait', dueAt: inHours(hours), requestedAt });
  });
});

it('an image that is gone is never rescanned', () => {
  expect(dueAfterRescan('sha256:a', { state: 'gone' }, now)).toBeUndefined();
  expect(Date.parse(dueAfterRescan('sha256:a', { state: 'failed' }, now) ?? '')).toBeGreaterThan(now.getTime());
});

it.each([
  [false, ['1.2', 'latest']],
  [true, ['latest']],
])('of a repository that entries share (%s), the moving tags of a project are %j', (isShared, tags) => {
  const named = ['latest', 'sha-a', 'build-20261121T010203Z-aaaaaaa', '1.2'];
  expect(floatingOf(named, { tags: new Set(['latest', 'sha-a']) }, isShared)).toEqual(tags);
});
