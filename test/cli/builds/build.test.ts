import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { operatorsPaths } from '../../../core/api/operators.ts';
import { unsignedPath } from '../../../core/api/signed-reads.ts';
import { buildIdOf } from '../../../core/builds/build-id.ts';
import { type FakeHost, startHost } from '../../services/http.ts';
import { slipway } from '../slipway.ts';
import { type Stack, startStack } from '../stack.ts';

let stack: Stack;
let site: FakeHost;
/** The API's answers about the build, one after the other; the last one stays. */
let answers: (object | undefined)[];
/** What became of the command, as operators are told; undefined to a caller who is none. */
let outcome: string | undefined;
/** Until when the command waits, as operators are told. */
let waitsUntil: string | null;

const shown = (status: string, over: object = {}) => ({
  status,
  ref: 'refs/heads/main',
  image: null,
  verdict: null,
  changes: null,
  held: null,
  failure: null,
  supersededBy: null,
  ...over,
});

const project = (name: string, active = true) => ({
  name,
  desiredTag: 'latest',
  active,
  released: null,
  hold: null,
});
const reportOf = (outcome: string | undefined) => {
  const told = { type: 'manual', subject: 'demo/app:latest', waitsUntil, handledAt: '2026-11-21T01:02:03.000Z' };
  const own = { ...told, delivery: `manual:${asked()[0]?.command.id}`, outcome, builds: [] };
  return {
    builds: { quota: null, running: 0, waiting: 0 },
    queues: [],
    deliveries: [{ ...told, delivery: 'manual:another', outcome: 'ignored: another', builds: [] }, own],
    failingSources: [],
    unreachableAddresses: [],
  };
};
const listOf = (...items: object[]) => ({ items, cursor: null });

beforeEach(async () => {
  answers = [];
  outcome = undefined;
  waitsUntil = null;
  site = await startHost(({ method, path: asked, body }, response) => {
    const path = unsignedPath(asked);
    const send = (body: object | undefined) =>
      response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
    if (method === 'POST') {
      const [, project = ''] = /^\/api\/v1\/projects\/(.+)\/builds$/.exec(path) ?? [];
      const id = `manual:${JSON.parse(body).id}`;
      const build = buildIdOf(id, project.replace(/\/([^/]+)$/, ':$1'));
      return response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ id, build }));
    }
    if (path.startsWith('/api/v1/projects/demo/app?')) return send(listOf(project('demo/app:latest')));
    if (path.startsWith('/api/v1/projects/demo/gone?')) return send(listOf(project('demo/gone:latest', false)));
    if (path.startsWith('/api/v1/projects/')) return send(undefined);
    if (path.startsWith('/api/v1/projects?')) return send(listOf(project('demo/app:latest')));
    if (path.startsWith('/api/v1/builds/')) return send(answers.length > 1 ? answers.shift() : answers[0]);
    if (path === operatorsPaths.json && outcome === undefined)
      return response.writeHead(403, { 'content-type': 'application/json' }).end('{"message":"Forbidden"}');
    if (path === operatorsPaths.json) return send(reportOf(outcome));
    send(undefined);
  });
  stack = await startStack(site.url);
  stack.cloudFormation.noteStack('Something', { Else: 'x' });
});

afterEach(async () => {
  await stack[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const slipwayBuild = (...args: string[]) => slipway(['build', ...args]);

const commandSchema = z.strictObject({ id: z.uuid(), commit: z.string().optional() });

/** What was asked for, by whom. */
const asked = () =>
  site.requests
    .filter(({ method }) => method === 'POST')
    .map(({ path, headers, body }) => ({ path, headers, command: commandSchema.parse(JSON.parse(body)) }));

describe('slipway build', () => {
  it('requests a build in the name of its caller, and says where it is to be seen', async () => {
    const { code, out, err } = await slipwayBuild('demo/app:latest', '--commit', 'A'.repeat(40));
    const [call, ...others] = asked();
    expect(others).toEqual([]);
    expect(call).toMatchObject({
      path: '/api/v1/projects/demo/app/latest/builds',
      command: { commit: 'a'.repeat(40) },
    });
    const { accessKeyId } = stack.account.iam.ownerKeys();
    expect(call?.headers.authorization).toMatch(
      new RegExp(
        `^AWS4-HMAC-SHA256 Credential=${accessKeyId}/\\d{8}/${stack.account.region}/execute-api/aws4_request, `,
      ),
    );
    const build = buildIdOf(`manual:${call?.command.id}`, 'demo/app:latest');
    expect({ code, out }).toEqual({ code: 0, out: `${site.url}/builds/${build}\n` });
    expect(err).toContain(`slipway log --follow ${build}`);
  });

  it('follows the build to its end', async () => {
    const image = { repository: 'registry.example/demo/app', digest: 'sha256:0', tags: ['latest', 'main'] };
    answers = [undefined, shown('building'), shown('building'), shown('released', { image })];
    const { code, out, err } = await slipwayBuild('demo/app:latest', '--follow');
    expect(code).toBe(0);
    expect(err).toMatch(/^It begins in a moment …\nhttp\S+\/builds\/[0-9a-f]+\nbuilding\n$/);
    expect(out).toBe('released\n  registry.example/demo/app@sha256:0\n  tags: latest, main\n');
  });

  it('says why a build that it follows will not begin', async () => {
    outcome = 'ignored: https://git.example/demo/app.git has no branch main';
    const { code, err } = await slipwayBuild('demo/app:latest', '--follow');
    expect(code).toBe(1);
    expect(err).toContain('The build does not begin: https://git.example/demo/app.git has no branch main');
    expect(err).not.toContain('/builds/');
  });

  it('says why a build that it follows waits, once, and follows it when it begins', async () => {
    outcome = 'waits: git.example answered 502 instead of a list of refs.';
    waitsUntil = '2026-11-21T01:03:03.000Z';
    answers = [...Array.from({ length: 7 }, () => undefined), shown('released')];
    const { code, err } = await slipwayBuild('demo/app:latest', '--follow');
    expect(code).toBe(0);
    expect(err.match(/^It waits: git\.example answered 502 instead of a list of refs\.$/gm)).toHaveLength(1);
  });

  it('waits on for a build that is not there yet, where its caller may not know what came in', async () => {
    answers = [undefined, undefined, undefined, shown('released')];
    expect((await slipwayBuild('demo/app:latest', '--follow')).code).toBe(0);
    expect(site.requests.filter(({ path }) => unsignedPath(path) === operatorsPaths.json)).toHaveLength(1);
  });

  it.each([
    ['unchanged', {}, 0, /unchanged/],
    ['unchanged', { ref: `refs/commits/${'a'.repeat(40)}` }, 0, /not released, because it is not the head/],
    [
      'blocked',
      { verdict: { outcome: 'block', counts: {}, reasons: ['CVE-1 in openssl.\n\u001b[31mred'] } },
      1,
      /^ {2}CVE-1 in openssl\. \[31mred$/m,
    ],
    [
      'released',
      {
        verdict: {
          outcome: 'pass',
          counts: {},
          reasons: [],
          warnings: Array.from({ length: 7 }, (_, number) => `Warning\n${number}.`),
        },
      },
      0,
      /^ {2}warning: Warning 0\.\n(?:.*\n){3} {2}warning: Warning 4\.\n {2}and 2 more warnings$/m,
    ],
    [
      'released',
      {
        changes: {
          against: '00aa',
          packages: { added: 0, removed: 1, updated: 2 },
          vulnerabilities: { fixed: 1, introduced: 0 },
          size: { before: 2_000_000, after: 1_500_000 },
        },
      },
      0,
      /^ {2}changed since the last release: 2 packages updated, 1 removed; 1 vulnerability fixed; 1\.5 MB, 500\.0 kB less than before$/m,
    ],
    ['failed', { failure: { error: 'BuildError', message: 'RUN make failed.' } }, 1, /RUN make failed/],
    ['superseded', { supersededBy: '00aa' }, 1, /Superseded by build 00aa/],
  ])('says what became of one that is %s', async (status, over, code, text) => {
    answers = [shown(status, over)];
    const result = await slipwayBuild('demo/app:latest', '--follow');
    expect(result.code).toBe(code);
    expect(result.out).toMatch(text);
  });

  it.each([
    [['demo/nobody:latest'], 2, /demo\/nobody:latest is not in the index\. .*\/projects lists its projects/],
    [['demo/ap'], 2, /demo\/ap is not in the index\. Did you mean demo\/app\?/],
    [['demo/app:v2'], 2, /demo\/app:v2 is not in the index\. Name one of demo\/app:latest/],
    [['demo/gone:latest'], 2, /has left the index/],
    [['demo/app:latest', '--stack', 'Other'], 3, /no stack Other .* --stack/],
    [['demo/app:latest', '--stack', 'Something'], 3, /not one of Slipway's/],
    [[], 2, /missing required argument/],
    [['demo'], 2, /app-id\/job-id:desired-tag/],
    [['demo/app:latest', 'demo/other:latest'], 2, /too many arguments/],
    [['demo/app:latest', '--commit', 'main'], 2, /git rev-parse main/],
    [['demo/app:latest', '--commit', 'abcdef1'], 2, /git rev-parse abcdef1/],
    [['demo/app:latest', '--folow'], 2, /Did you mean --follow\?/],
  ])('asks for nothing with %j, and says what to do', async (args, expected, message) => {
    const { code, err } = await slipwayBuild(...args);
    expect(code).toBe(expected);
    expect(err).toMatch(message);
    expect(asked()).toEqual([]);
  });

  it('answers as JSON', async () => {
    const { out } = await slipwayBuild('demo/app', '--json');
    const { build } = JSON.parse(out);
    expect(JSON.parse(out)).toEqual({ build, url: `${site.url}/builds/${build}` });
  });

  it('names what is missing to reach AWS', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
    expect((await slipwayBuild('demo/app:latest')).err).toMatch(/signature/i);
    vi.stubEnv('AWS_REGION', undefined);
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    expect((await slipwayBuild('demo/app:latest')).err).toMatch(/AWS_REGION/);
  });
});
