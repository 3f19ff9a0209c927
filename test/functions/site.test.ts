import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { recordKeys } from '../../core/model/builder-contract.ts';
import { handler } from '../../functions/site.ts';
import { createBuilds } from '../../services/tables/builds.ts';
import { createDependents } from '../../services/tables/dependents.ts';
import { createProjects } from '../../services/tables/projects.ts';
import { type FakeS3, startFakeS3 } from '../services/fake-s3.ts';
import { startTables, stateTables } from '../services/tables.ts';
import { event, sampleBuild, sampleProject, siteUrl } from '../site/sample-site.ts';

const count = 25;
let tables: Awaited<ReturnType<typeof startTables>>;
let s3: FakeS3;

beforeAll(async () => {
  tables = await startTables(stateTables);
  s3 = await startFakeS3();
  const store = await s3.client.config.endpoint?.();
  for (const [name, value] of Object.entries({
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: tables.url,
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${store?.port}`,
    BASES_TABLE: 'bases',
    BUILDS_TABLE: 'builds',
    CASCADES_TABLE: 'cascades',
    DEPENDENTS_TABLE: 'dependents',
    RELEASES_TABLE: 'releases',
    PROJECTS_TABLE: 'projects',
    RECORDS_BUCKET: 'records',
    SITE_URL: `${siteUrl}/`,
  })) {
    vi.stubEnv(name, value);
  }
  const builds = createBuilds(tables.client, 'builds');
  for (let number = 1; number <= count; number += 1) {
    const createdAt = new Date(Date.now() - number * 60_000).toISOString();
    await builds.create(sampleBuild(number, { createdAt, status: number % 5 === 0 ? 'failed' : 'released' }));
  }
  await createProjects(tables.client, 'projects').put(sampleProject('demo/app:latest'));
  await createDependents(tables.client, 'dependents').declare('demo/child:latest', ['demo/app:latest']);
  s3.objects.set(recordKeys.logPart(sampleBuild(1).id, 0), Buffer.from('the log\n'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await tables.stop();
  await s3[Symbol.asyncDispose]();
});

async function ask(path: string): Promise<APIGatewayProxyStructuredResultV2> {
  return handler(event(new URL(path, siteUrl), {}, 'GET'));
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
    expect(page.body).toContain('>the log\n</pre>');
    expect(page.body).toContain(`href="/projects/demo/app/latest"`);
    const project = await ask('/projects/demo/app/latest');
    expect(project.statusCode).toBe(200);
    expect(project.body).toContain('href="/projects/demo/child/latest"');
    expect((await ask('/cascades')).statusCode).toBe(200);
    expect(JSON.parse((await ask('/api/v1/projects')).body ?? '').items[0]).toMatchObject({
      name: 'demo/app:latest',
      lastBuild: { status: 'released', logUrl: `${siteUrl}/api/v1/builds/0000000000000001/log` },
    });
  });
});
