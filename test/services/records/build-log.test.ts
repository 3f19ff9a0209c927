import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { recordKeys } from '../../../core/model/builder-contract.ts';
import { createBuildLog } from '../../../services/records/build-log.ts';
import { type FakeS3, startFakeS3 } from '../fake-s3.ts';

const id = '00000000000000aa';
const parts = ['first part\n', 'second – äöü\n', 'third\n', '', 'fifth\n', 'sixth\n', 'seventh\n', 'last'];
/** The number of a part's first line. */
const lineOf = (part: number) => parts.slice(0, part).join('').split('\n').length;
const whole = Buffer.from(parts.join(''));

let s3: FakeS3;
beforeAll(async () => {
  s3 = await startFakeS3();
  for (const [number, text] of parts.entries())
    s3.objects.set(recordKeys.logPart(id, number, lineOf(number)), Buffer.from(text));
  s3.objects.set(recordKeys.result(id), Buffer.from('not the log'));
  s3.objects.set(recordKeys.logPart('00000000000000ab', 0, 1), Buffer.from('of another build'));
});
afterAll(() => s3[Symbol.asyncDispose]());
beforeEach(() => {
  s3.reads.length = 0;
});

const slice = async (from: number, limit: number, build = id) => {
  const { bytes, ...rest } = await createBuildLog({ client: s3.client, bucket: 'records' }).slice(build, from, limit);
  return { text: Buffer.from(bytes).toString(), ...rest };
};

it('joins the parts in their order, and nothing else', async () => {
  expect(await slice(0, 1000)).toEqual({ text: whole.toString(), from: 0, total: whole.length });
});

it('gives any piece, and fetches only the parts that it touches', async () => {
  expect((await slice(11, 6)).text).toBe('second');
  expect(s3.reads).toEqual([recordKeys.logPart(id, 1, 2)]);
  for (const [from, limit] of [
    [5, 10],
    [0, 11],
    [10, 2],
    [25, 40],
    [whole.length - 1, 10],
  ] as const) {
    expect((await slice(from, limit)).text).toBe(whole.subarray(from, from + limit).toString());
  }
});

it('gives the end when asked from the end', async () => {
  expect(await slice(-8, 1000)).toEqual({ text: 'nth\nlast', from: whole.length - 8, total: whole.length });
  expect((await slice(-1_000_000, 1000)).text).toBe(whole.toString());
});

it('has nothing after its end, and nothing before it began', async () => {
  expect(await slice(99_999, 10)).toEqual({ text: '', from: whole.length, total: whole.length });
  expect(await slice(-100, 10, 'ffffffffffffffff')).toEqual({ text: '', from: 0, total: 0 });
  expect(s3.reads).toEqual([]);
});

const lines = async (from: { line: number } | { beforeEnd: number }, limit: number, build = id) => {
  const found = await createBuildLog({ client: s3.client, bucket: 'records' }).lines(build, from, limit);
  return found && { ...found, bytes: Buffer.from(found.bytes).toString() };
};

it('finds a line by the names of the parts, and reads nothing before its part', async () => {
  expect(await lines({ line: 3 }, 10)).toEqual({ bytes: 'third\nfift', from: 29, firstLine: 3, total: whole.length });
  expect(s3.reads).not.toContain(recordKeys.logPart(id, 1, 2));
  expect(await lines({ line: 99 }, 100)).toMatchObject({ bytes: 'last', firstLine: 7 });
  expect(await lines({ line: 1 }, 100)).toMatchObject({ bytes: whole.toString(), firstLine: 1 });
});

it('gives the last lines, from the part on that begins early enough', async () => {
  expect(await lines({ beforeEnd: 5 }, 1000)).toMatchObject({ bytes: 'seventh\nlast', firstLine: 6 });
  expect(await lines({ beforeEnd: 1000 }, 1000)).toMatchObject({ bytes: whole.toString(), firstLine: 1 });
  expect(await lines({ beforeEnd: 1000 }, 1000, 'ffffffffffffffff')).toBeUndefined();
});
