import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readProjectTest } from '../../builder/cccp-file.ts';
import { BuildLog } from '../../builder/log.ts';
import { Redaction } from '../../builder/redaction.ts';

let checkout: string;
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'checkout-'));
});
afterEach(() => rmSync(checkout, { recursive: true }));

async function read(files: Record<string, string>, dockerfile = 'Dockerfile') {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(checkout, name)), { recursive: true });
    writeFileSync(join(checkout, name), text);
  }
  let said = '';
  const log = new BuildLog({
    redaction: new Redaction(),
    console: (text) => {
      said += text;
    },
    store: async () => undefined,
  });
  return { own: await readProjectTest(checkout, { project: 'demo/app:latest', dockerfile }, log), said };
}

const usual = { hasNetwork: false, seconds: 600 };

test('the file beside the Dockerfile counts before that of the root, and its script is searched there first', async () => {
  const files = { 'a/cccp.yaml': 'test-script: t\n', 'cccp.yml': 'test-script: other\n' };
  expect((await read(files, 'a/Dockerfile')).own).toEqual({ ...usual, script: 't', folders: ['a', '.'] });
  expect((await read({}, 'b/Dockerfile')).own).toEqual({ ...usual, script: 'other', folders: ['b', '.'] });
});

test('a project without the file, without a script, or with a test that is left out has none', async () => {
  expect(await read({})).toEqual({ own: undefined, said: '' });
  expect(await read({ 'cccp.yml': 'job-id: app\n' })).toEqual({ own: undefined, said: '' });
  expect(await read({ 'cccp.yml': 'job-id: app\ntest-skip: true\ntest-script: t\n' })).toEqual({
    own: undefined,
    said: '',
  });
});

test('what cannot be used is said in the log', async () => {
  const { own, said } = await read({ 'cccp.yml': 'job-id: other\ntest-script: t\ntest-timeout: soon\n' });

  expect(own).toEqual({ ...usual, script: 't', folders: ['.'] });
  expect(said).toContain('warning: cccp.yml is not used as a whole. "test-timeout" is not a number of seconds');
  expect(said).toContain('cccp.yml says job-id "other", and the index says "app"');
});

test.each([
  ['no YAML', 'test-script: "never closed\n', 'It is not valid YAML'],
  ['far too large', '#'.repeat(100_000), 'It is too large.'],
  ['a list as its script', 'test-script: [a]\n', 'Its "test-script" is not a short text.'],
])('a file that is or has %s leaves open whether there is a test', async (_what, text, reason) => {
  const { own, said } = await read({ 'cccp.yml': text });

  expect(own).toContain('Whether the project has a test cannot be read from cccp.yml. ');
  expect(own).toContain(reason);
  expect(said).toContain('warning: cccp.yml is not used as a whole.');
});
