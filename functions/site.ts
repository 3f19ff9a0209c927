import { Logger } from '@aws-lambda-powertools/logger';
import { S3Client } from '@aws-sdk/client-s3';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { imagesOf } from '../core/cascade/dependents.ts';
import { variable } from '../services/environment.ts';
import { createBuildLog } from '../services/records/build-log.ts';
import { createPackageLists } from '../services/records/package-lists.ts';
import { createRecords } from '../services/records/records.ts';
import { createBills } from '../services/records/sboms.ts';
import { createBases } from '../services/tables/bases.ts';
import { createBuilds } from '../services/tables/builds.ts';
import { createCascades } from '../services/tables/cascades.ts';
import { createDependents } from '../services/tables/dependents.ts';
import { createDocumentClient } from '../services/tables/dynamodb.ts';
import { createProjects } from '../services/tables/projects.ts';
import { createRebuilds } from '../services/tables/rebuilds.ts';
import { createReleases } from '../services/tables/releases.ts';
import { createSiteHandler, type SiteHandler } from '../site/handler.ts';

/** A base image may have thousands. */
const dependentsShown = 30;

let serve: SiteHandler | undefined;

/** The status site, the public JSON API and the badges. */
export function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  serve ??= createServices();
  return serve(event);
}

function createServices(): SiteHandler {
  const client = createDocumentClient();
  const bases = createBases(client, variable('BASES_TABLE'));
  const dependents = createDependents(client, variable('DEPENDENTS_TABLE'));
  const rebuilds = createRebuilds(client, variable('CASCADES_TABLE'));
  const records = { client: new S3Client({}), bucket: variable('RECORDS_BUCKET') };
  const stored = createRecords(records.client, records.bucket);
  const logger = new Logger({ serviceName: 'site' });
  return createSiteHandler({
    builds: createBuilds(client, variable('BUILDS_TABLE')),
    projects: createProjects(client, variable('PROJECTS_TABLE')),
    cascades: createCascades(client, variable('CASCADES_TABLE')),
    relations: {
      standings: bases.standings,
      async dependents(project) {
        const edges = await Promise.all(imagesOf(project).map((image) => dependents.of(image)));
        const projects = [...new Set(edges.flat().map((edge) => edge.project))].sort();
        return { projects: projects.slice(0, dependentsShown), total: projects.length };
      },
      pending: async (project) => (await rebuilds.get(project)).pending,
    },
    log: createBuildLog(records),
    records: {
      ...stored,
      packages: createPackageLists(records.client, records.bucket).read,
    },
    releases: { ...createReleases(client, variable('RELEASES_TABLE')), findings: stored.releaseFindings },
    bills: createBills(records),
    siteUrl: variable('SITE_URL').replace(/\/$/, ''),
    onError: (error) => logger.error('A request could not be answered.', error as Error),
  });
}
