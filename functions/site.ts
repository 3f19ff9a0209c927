import { Logger } from '@aws-lambda-powertools/logger';
import { S3Client } from '@aws-sdk/client-s3';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { createBuildLog } from '../services/build-log.ts';
import { createBuilds } from '../services/builds.ts';
import { createCascades } from '../services/cascades.ts';
import { createDocumentClient } from '../services/dynamodb.ts';
import { variable } from '../services/environment.ts';
import { createProjects } from '../services/projects.ts';
import { createSiteHandler, type SiteHandler } from '../site/handler.ts';

let serve: SiteHandler | undefined;

/** The status site, the public JSON API and the badges. */
export function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  serve ??= createServices();
  return serve(event);
}

function createServices(): SiteHandler {
  const client = createDocumentClient();
  const logger = new Logger({ serviceName: 'site' });
  return createSiteHandler({
    builds: createBuilds(client, variable('BUILDS_TABLE')),
    projects: createProjects(client, variable('PROJECTS_TABLE')),
    cascades: createCascades(client, variable('CASCADES_TABLE')),
    log: createBuildLog({ client: new S3Client({}), bucket: variable('RECORDS_BUCKET') }),
    siteUrl: variable('SITE_URL').replace(/\/$/, ''),
    onError: (error) => logger.error('A request could not be answered.', error as Error),
  });
}
