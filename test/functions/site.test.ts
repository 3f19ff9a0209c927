import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { recordKeys } from '../../core/model/builder-contract.ts';
import { cookieName, sessionPurpose } from '../../core/visibility/session.ts';
import { handler } from '../../functions/site.ts';
import { createSeals } from '../../services/aws/seals.ts';
import { createBuilds } from '../../services/tables/builds.ts';
import { createCascades } from '../../services/tables/cascades.ts';
import { createDependents } from '../../services/tables/dependents.ts';
import { createProjects } from '../../services/tables/projects.ts';
import { createReleases } from '../../services/tables/releases.ts';
import { sealCursor } from '../../site/paging/cursor.ts';
import { eventually } from '../eventually.ts';
import { type FakeS3, startFakeS3 } from '../services/fake-s3.ts';
import { type FakeHost, startHost } from '../services/http.ts';
import { startTables } from '../services/tables.ts';
import { commit, event, sampleBuild, sampleProject, siteUrl } from '../site/sample-site.ts';

const count = 25;
const begun = Date.now();
const digest = `sha256:${'ab'.repeat(32)}`;
let tables: Awaited<ReturnType<typeof startTables>>;
let s3: FakeS3;
let secrets: FakeHost;

beforeAll(async () => {
  tables = await startTables();
  s3 = await startFakeS3();
  secrets = await startHost((_, response) => response.end('{"SecretString":"the key"}'));
  const store = await s3.client.config.endpoint?.();
  for (const [name, value] of Object.entries({
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: secrets.url,
    AWS_ENDPOINT_URL_DYNAMODB: tables.url,
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${store?.port}`,
    ADDRESSES_TABLE: 'addresses',
    BASES_TABLE: 'bases',
    BUILDS_IN_FLIGHT: '0',
    BUILDS_TABLE: 'builds',
    CASCADES_TABLE: 'cascades',
    DEPENDENTS_TABLE: 'dependents',
    OPERATORS: '[]',
    RELEASES_TABLE: 'releases',
    SIGNING_KEY: 'alias/signing',
    TARGETS_TABLE: 'targets',
    URL_NOTIFICATIONS_TABLE: 'urlNotifications',
    PROJECTS_TABLE: 'projects',
    RECORDS_BUCKET: 'records',
    SEAL_KEY_SECRET: 'seal-key',
    SOURCES_TABLE: 'sources',
    SITE_URL: `${siteUrl}/`,
  })) {
    vi.stubEnv(name, value);
  }
  const builds = createBuilds(tables.client, 'builds');
  for (let number = 1; number <= count; number += 1) {
    const createdAt = new Date(begun - number * 60_000).toISOString();
    await builds.create(sampleBuild(number, { createdAt, status: number % 5 === 0 ? 'failed' : 'released' }));
  }
  const projects = createProjects(tables.client, 'projects');
  await projects.put(sampleProject('demo/app:latest'));
  await projects.nextSequence('demo/app:latest', sampleBuild(1));
  await projects.put(sampleProject('demo/gone:latest', { active: false }));
  const dependents = createDependents(tables.client, 'dependents');
  for (const child of ['demo/child:latest', 'demo/gone:latest']) await dependents.declare(child, ['demo/app:latest']);
  s3.objects.set(recordKeys.logPart(sampleBuild(1).id, 0, 1), Buffer.from('the log\n'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await tables.stop();
  await s3[Symbol.asyncDispose]();
  await secrets[Symbol.asyncDispose]();
});

async function ask(path: string, headers: Record<string, string> = {}): Promise<APIGatewayProxyStructuredResultV2> {
  return handler(event(new URL(path, siteUrl), headers, 'GET'), { getRemainingTimeInMillis: () => 15_000 } as Context);
}

describe('the site on its tables and its bucket', () => {
  it.each(['', '&project=demo/app:latest', '&status=released', '&project=demo/app:latest&status=released'])(
    'lists every build once, the newest first%s',
    async (filter) => {
      const seen: number[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { statusCode, body } = await ask(`/api/v1/builds?limit=7${filter}&cursor=${encodeURIComponent(cursor)}`);
        expect(statusCode).toBe(200);
        const page: { items: { id: string }[]; cursor: string | null } = JSON.parse(body ?? '');
        seen.push(...page.items.map(({ id }) => Number.parseInt(id, 16)));
        cursor = page.cursor;
      }
      const all = Array.from({ length: count }, (_, index) => index + 1);
      expect(seen).toEqual(filter.includes('status') ? all.filter((number) => number % 5 !== 0) : all);
    },
  );

  it('shows a build with its log, and its project', async () => {
    const page = await ask(`/builds/${sampleBuild(1).id}`);
    expect(page.body).toContain('>the log</p>');
    expect(page.body).toContain(`href="/projects/demo/app/latest"`);
    const project = await ask('/projects/demo/app/latest');
    expect(project.statusCode).toBe(200);
    expect(project.body).toContain('href="/projects/demo/child/latest"');
    expect(project.body).not.toContain('demo/gone');
    expect((await ask('/cascades')).statusCode).toBe(200);
    expect(JSON.parse((await ask('/api/v1/projects')).body ?? '').items[0]).toMatchObject({
      name: 'demo/app:latest',
      lastBuild: { status: 'released', logUrl: `${siteUrl}/api/v1/builds/0000000000000001/log` },
    });
  });
});

describe('however a request is made up, its answer costs a few reads', () => {
  const many = 60;
  const seals = createSeals({ current: async () => 'the key' });
  /** A cursor as a list gives it, of a position that no list has given. */
  const sealed = async (list: string, position: unknown) =>
    (await sealCursor(seals, list, Buffer.from(JSON.stringify(position)).toString('base64url'))) ?? '';
  const anyBuilds = 'builds\n{}';

  /** The operations that the answer to one request took, but for the list of private projects, which is read once in a while. */
  async function operationsOf(path: string) {
    const before = tables.requests.length;
    const { statusCode, body = '' } = await ask(path);
    const operations = tables.requests
      .slice(before)
      .filter(({ body }) => !body.includes('byVisibility'))
      .map(({ headers }) => String(headers['x-amz-target']).replace('DynamoDB_20120810.', ''));
    return { statusCode, body, operations };
  }

  beforeAll(async () => {
    const builds = createBuilds(tables.client, 'builds');
    const projects = createProjects(tables.client, 'projects');
    for (let number = 1; number <= many; number += 1) {
      const createdAt = new Date(begun - number * 60_000).toISOString();
      const status = number === many ? 'cancelled' : 'released';
      await builds.create(sampleBuild(1000 + number, { project: 'busy/app:latest', createdAt, status }));
      await projects.put(sampleProject(`busy/app:v${number}`));
      await projects.nextSequence(`busy/app:v${number}`, sampleBuild(1000 + number));
    }
    const releases = createReleases(tables.client, 'releases');
    const release = { project: 'busy/app:v1', build: sampleBuild(1001).id, at: new Date().toISOString() };
    await releases.record({ ...release, digest, tags: ['latest'] }, 'busy/app');
    for (let number = 1; number <= 9; number += 1) {
      const own = `sha256:${String(number).repeat(64)}`;
      await releases.record({ ...release, digest: own, tags: [`1.0.${number}`] }, 'busy/app');
    }
  });

  it('a rare status of a project with many builds', async () => {
    const { operations, body } = await operationsOf('/api/v1/builds?project=busy/app:latest&status=cancelled&limit=1');
    expect(JSON.parse(body).items).toHaveLength(1);
    expect(operations).toEqual(['Query']);
    const none = await operationsOf('/api/v1/builds?project=busy/app:latest&status=failed&limit=1');
    expect(JSON.parse(none.body)).toEqual({ items: [], cursor: null });
    expect(none.operations).toEqual(['Query']);
  });

  it('a commit, a time and an image', async () => {
    const since = new Date(begun - 3.5 * 60_000).toISOString();
    const newest = await operationsOf(`/api/v1/builds?project=busy/app:latest&since=${since}`);
    expect([JSON.parse(newest.body).items.length, newest.operations]).toEqual([3, ['Query']]);
    const all = await operationsOf(`/api/v1/builds?since=${since}&limit=100`);
    expect(JSON.parse(all.body).items).toHaveLength(6);
    expect(all.operations.length).toBeLessThanOrEqual(2);
    const built = await operationsOf(`/api/v1/builds?commit=${commit}&project=busy/app:latest&status=cancelled`);
    expect([JSON.parse(built.body).items.length, built.operations]).toEqual([1, ['Query']]);
    const none = await operationsOf(`/api/v1/builds?commit=${'0'.repeat(40)}`);
    expect([JSON.parse(none.body).items, none.operations]).toEqual([[], ['Query']]);
    const image = await operationsOf(`/api/v1/builds?digest=${digest}`);
    expect(JSON.parse(image.body).items.map(({ id }: { id: string }) => id)).toEqual([sampleBuild(1001).id]);
    expect(image.operations).toEqual(['Query', 'GetItem']);
  });

  it('a tag among the releases of a project', async () => {
    const { body, operations } = await operationsOf('/api/v1/projects/busy/app/v1/releases?tag=1.0.7');
    expect(JSON.parse(body).items).toMatchObject([{ digest: `sha256:${'7'.repeat(64)}` }]);
    expect(operations).toEqual(['GetItem', 'Query']);
  });

  it('a month that the list does not have', async () => {
    for (const month of ['9999-12', '2999-01', '0000-01', '1999-12']) {
      const cursor = encodeURIComponent(await sealed(anyBuilds, { month }));
      const { statusCode, operations } = await operationsOf(`/api/v1/builds?limit=100&cursor=${cursor}`);
      expect([month, statusCode]).toEqual([month, 200]);
      expect(operations.length).toBeLessThanOrEqual(13);
    }
  });

  it('a position that is none: it is refused', async () => {
    const month = new Date().toISOString().slice(0, 7);
    const within = (position: unknown) => ({
      month,
      cursor: Buffer.from(JSON.stringify(position)).toString('base64url'),
    });
    for (const position of [
      'nonsense',
      null,
      { month: '2026-13-01' },
      within({ id: 'only' }),
      within({ id: 'x', month: '2020-01', createdAt: 'never' }),
      within({ id: 1 }),
      { month, cursor: '%%%' },
    ]) {
      const cursor = encodeURIComponent(await sealed(anyBuilds, position));
      const { statusCode, body } = await operationsOf(`/api/v1/builds?cursor=${cursor}`);
      expect([position, statusCode, JSON.parse(body).code]).toEqual([position, 400, 'InvalidCursor']);
    }
  });

  it('the projects, and the badge of one that is not there: no table is scanned', async () => {
    const list = await operationsOf('/api/v1/projects?limit=5');
    expect(JSON.parse(list.body).items).toHaveLength(5);
    expect(list.operations).toEqual(['Query', 'BatchGetItem']);
    const badge = await operationsOf('/badges/no/such.svg');
    expect([badge.statusCode, badge.operations]).toEqual([200, ['GetItem', 'Query']]);
    const job = await operationsOf('/api/v1/projects/busy/app?limit=1');
    expect(JSON.parse(job.body).items[0].name).toBe('busy/app:v1');
    expect(job.operations).not.toContain('Scan');
  });

  it('the same list again: it is not read again within a moment, whatever is added to its address', async () => {
    await operationsOf('/api/v1/builds?limit=3');
    const again = await operationsOf('/api/v1/builds?limit=3&x=1');
    expect(again.operations).toEqual([]);
  });
});

it('a page does not count the private ones among the dependents that it has no room for', async () => {
  const [projects, dependents] = [
    createProjects(tables.client, 'projects'),
    createDependents(tables.client, 'dependents'),
  ];
  await projects.put(sampleProject('demo/parent:latest'));
  await dependents.declare('demo/seen:latest', ['demo/parent:latest']);
  for (let number = 1; number <= 31; number++) {
    const name = `plans/vault${number}:latest`;
    await projects.put(sampleProject(name, { visibility: 'private' }));
    await dependents.declare(name, ['demo/parent:latest']);
  }
  await eventually(async () => {
    const { body } = await ask('/projects/demo/parent/latest');
    expect(body).toContain('href="/projects/demo/seen/latest"');
    expect(body).not.toMatch(/plans|and \d+ more/);
  });
});

it('tells each of two people who ask at the same moment of what they may see of a cascade', async () => {
  const [hidden, id, at] = ['plans/secret:latest', '20261121T100000Z-def456', new Date().toISOString()];
  const secret = sampleProject(hidden, { visibility: 'private', viewers: ['alex@example.org'] });
  await createProjects(tables.client, 'projects').put(secret);
  const cascades = createCascades(tables.client, 'cascades');
  await cascades.recordEvent(id, { id: 'event', cause: { type: 'bases-changed', bases: [] }, at });
  const member = { state: 'released' as const, parents: [], root: true, since: at, version: 1 };
  await cascades.addMembers(
    id,
    ['demo/app:latest', hidden].map((project) => ({ project, ...member })),
  );
  const seals = createSeals({ current: async () => 'the key' });
  const session = { email: 'alex@example.org', groups: [], until: new Date(Date.now() + 600_000).toISOString() };
  const cookie = `${cookieName(siteUrl, 'session')}=${await seals.hide(sessionPurpose, JSON.stringify(session))}`;
  await eventually(async () => {
    const [alex, stranger] = await Promise.all([{ cookie }, {}].map((who) => ask(`/api/v1/cascades/${id}`, who)));
    expect(JSON.parse(alex?.body ?? '').counts).toEqual({ released: 2 });
    expect(JSON.parse(stranger?.body ?? '').counts).toEqual({ released: 1 });
  });
});
