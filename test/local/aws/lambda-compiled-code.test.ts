import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadCommonJs } from '../../../local/aws/lambda/compiled-code.ts';

let folder: string;
let file: string;
let cache: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway compiled '));
  [file, cache] = [join(folder, 'asset.1', 'index.cjs'), join(folder, 'cache')];
  await Promise.all([mkdir(join(folder, 'asset.1')), mkdir(cache)]);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Loads the module and calls its handler, as an instance does with its first event. */
async function answerOf(code: string, cacheFolder: string | undefined = cache): Promise<unknown> {
  await writeFile(file, code);
  const { exports, keep } = loadCommonJs(file, cacheFolder);
  const answer = await (exports.handler as () => unknown)();
  keep();
  return answer;
}

const onlyFile = async () => join(cache, (await readdir(cache))[0] ?? '');

test('a module has what CommonJS gives it, the first time and from what is kept', async () => {
  const code = `'use strict';
    const { basename } = require('node:path');
    exports.handler = async () => {
      const { sep } = await import('node:path');
      return [basename(__filename), basename(__dirname), sep, this === exports, module.exports === exports];
    };`;
  const known = ['index.cjs', 'asset.1', '/', true, true];
  expect(await answerOf(code)).toEqual(known);
  expect(await answerOf(code)).toEqual(known);
});

test('what is kept has the functions that were called, and is taken as it is', async () => {
  const text = Array.from({ length: 100 }, (_, at) => `'${at}'`).join();
  const code = `exports.handler = () => [${text}].length; exports.other = () => [${text}].join();`;
  await writeFile(file, code);
  loadCommonJs(file, cache).keep();
  const uncalled = await readFile(await onlyFile());
  await rm(await onlyFile());
  expect(await answerOf(code)).toBe(100);
  const called = await readFile(await onlyFile());
  expect(called.length).toBeGreaterThan(uncalled.length);

  const { exports, keep } = loadCommonJs(file, cache);
  (exports.other as () => unknown)();
  keep();
  expect(await readFile(await onlyFile())).toEqual(called);
});

test('code that has changed runs as it is now, although it is as long as before', async () => {
  expect(await answerOf('exports.handler = () => 1;')).toBe(1);
  expect(await answerOf('exports.handler = () => 2;')).toBe(2);
  expect(await answerOf('exports.handler = () => 2;')).toBe(2);
});

test('nothing damaged is run', async () => {
  const code = 'exports.handler = () => 1;';
  await answerOf(code);
  const kept = await readFile(await onlyFile());
  for (const damaged of [kept.fill(0, kept.length / 2, kept.length - 8), kept.subarray(0, 100), Buffer.alloc(0)]) {
    await writeFile(await onlyFile(), damaged);
    expect(await answerOf(code)).toBe(1);
    expect((await readFile(await onlyFile())).length).toBeGreaterThan(100);
  }
});

test('nothing is kept where the folder has gone, or there is none', async () => {
  await rm(cache, { recursive: true });
  expect(await answerOf('exports.handler = () => 1;')).toBe(1);
  expect(await answerOf('exports.handler = () => 1;', undefined)).toBe(1);
  expect(await readdir(folder)).toEqual(['asset.1']);
});

test('an error names the file and its line', async () => {
  const code = `exports.handler = () => {
    throw new Error('broken');
  };`;
  await expect(answerOf(code)).rejects.toMatchObject({ stack: expect.stringContaining(`${file}:2:11`) });
  await writeFile(file, 'const a = 1;\nconst a = 2;');
  expect(() => loadCommonJs(file, cache)).toThrow(
    expect.objectContaining({ name: 'SyntaxError', stack: expect.stringContaining(`${file}:2`) }),
  );
});
