import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { imagesOf } from '../core/cascade/dependents.ts';
import { once } from '../core/once.ts';
import { variable } from '../services/environment.ts';
import { openBuildLog } from '../services/records/build-log.ts';
import { openPackageLists } from '../services/records/package-lists.ts';
import { openRecords } from '../services/records/records.ts';
import { openSboms } from '../services/records/sboms.ts';
import { openBases } from '../services/tables/bases.ts';
import { openBuilds } from '../services/tables/builds.ts';
import { openCascades } from '../services/tables/cascades.ts';
import { openDependents } from '../services/tables/dependents.ts';
import { openProjects } from '../services/tables/projects.ts';
import { openRebuilds } from '../services/tables/rebuilds.ts';
import { openReleases } from '../services/tables/releases.ts';
import { openSources } from '../services/tables/sources.ts';
import { createSiteHandler } from '../site/handler.ts';

/** A base image may have thousands of dependents. */
const dependentsShown = 30;

const run = once(() => {
  const [dependents, rebuilds, records] = [openDependents(), openRebuilds(), openRecords()];
  const logger = new Logger({ serviceName: 'site' });
  return createSiteHandler({
    builds: openBuilds(),
    projects: openProjects(),
    sources: openSources(),
    cascades: openCascades(),
    relations: {
      standings: openBases().standings,
      async dependents(project) {
        const edges = await Promise.all(imagesOf(project).map((image) => dependents.of(image)));
        const projects = [...new Set(edges.flat().map((edge) => edge.project))].sort();
        return { projects: projects.slice(0, dependentsShown), total: projects.length };
      },
      pending: async (project) => (await rebuilds.get(project)).pending,
    },
    log: openBuildLog(),
    records: { ...records, packages: openPackageLists().read },
    releases: { ...openReleases(), findings: records.releaseFindings },
    sboms: openSboms(),
    siteUrl: variable('SITE_URL').replace(/\/$/, ''),
    onError: (error) => logger.error('A request could not be answered.', error as Error),
  });
});

/** The status site, the public JSON API and the badges. */
export function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  return run()(event);
}
