import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readIndex } from '../../../core/index/read-index.ts';
import { slipway } from '../slipway.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-dockerhub-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function call(content: unknown): Promise<{ code: number; out: string; err: string }> {
  const file = join(folder, 'build.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return slipway(['import', 'dockerhub', file, '--notify-email', 'web@example.org']);
}

const rule = { source_type: 'Branch', source_name: 'main', tag: '2.10', dockerfile: '/', build_context: '/' };
const build = { image: 'acme/web', provider: 'Github', owner: 'acme', repository: 'web', build_settings: [rule] };

it('the entries are an index without an error', async () => {
  const { code, out, err } = await call(build);
  expect(code).toBe(0);
  const { projects, diagnostics } = readIndex([{ path: 'index.d/acme.yml', text: out }], { now: new Date() });
  expect([projects.map(({ name }) => name), diagnostics]).toEqual([['acme/web:2.10'], []]);
  expect(err).toMatch(/^note: Hooks/);
});

it('a rule without a counterpart is reported, and the others have their entries', async () => {
  const { code, out, err } = await call({ ...build, build_settings: [rule, { ...rule, source_name: '/.*/' }] });
  expect([code, out]).toEqual([1, expect.stringContaining('desired-tag: "2.10"')]);
  expect(err).toMatch(/^not taken over: Branch/);
});

it('an entry that the index would refuse is named', async () => {
  const { err } = await call({ ...build, image: 'acme/a' });
  expect(err).toMatch(/^to correct: line \d+: "job-id": It must have 2 to 80 characters/);
});

it.each([
  ['no JSON', 'x', /not JSON/],
  [
    'the answer of the API as it is',
    { ...build, build_settings: ['/api/build/v1/acme/setting/1/'] },
    /addresses of the rules/,
  ],
  ['something else', { images: [] }, /not an automated build/],
])('%s is refused, with the reason', async (_, content, reason) => {
  expect(await call(content)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(reason) });
});
