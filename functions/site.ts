import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { imagesOf } from '../core/cascade/dependents.ts';
import { distinctAddresses } from '../core/mail/distinct-addresses.ts';
import { addressSummary } from '../core/mail/mail-address.ts';
import { once } from '../core/once.ts';
import { openCommitKey } from '../services/aws/commit-key.ts';
import { openReleaseKey } from '../services/aws/release-key.ts';
import { openSeals } from '../services/aws/seals.ts';
import { isPermitted, listVariable, optionalVariable, siteUrl, variable } from '../services/environment.ts';
import { openBuildLog } from '../services/records/build-log.ts';
import { openPackageLists } from '../services/records/package-lists.ts';
import { openRecords } from '../services/records/records.ts';
import { openRetentionReports } from '../services/records/retention-reports.ts';
import { openSboms } from '../services/records/sboms.ts';
import { openSignatures } from '../services/records/signatures.ts';
import { openBases } from '../services/tables/bases.ts';
import { openBuilds } from '../services/tables/builds.ts';
import { openCascades } from '../services/tables/cascades.ts';
import { openDependents } from '../services/tables/dependents.ts';
import { openHolds } from '../services/tables/holds.ts';
import { openMailAddresses } from '../services/tables/mail-addresses.ts';
import { openProjectProblems } from '../services/tables/project-problems.ts';
import { openProjects } from '../services/tables/projects.ts';
import { openRebuilds } from '../services/tables/rebuilds.ts';
import { openReleases } from '../services/tables/releases.ts';
import { openSources } from '../services/tables/sources.ts';
import { openTargets } from '../services/tables/targets.ts';
import { openUrlNotifications } from '../services/tables/url-notifications.ts';
import { createSiteHandler } from '../site/handler.ts';
import { recently } from '../site/recent-reads.ts';

/** A base image may have many tags and thousands of dependents: a page counts at most these of each, and shows the first. */
const imagesCounted = 20;
const dependentsCounted = 200;
const dependentsShown = 30;

/** The time that is kept to answer that there is no answer in time. */
const answerMilliseconds = 1000;

const run = once(() => {
  const [builds, projects, cascades, releases] = [openBuilds(), openProjects(), openCascades(), openReleases()];
  const [rebuilds, records] = [openRebuilds(), openRecords()];
  const addresses = openMailAddresses();
  const commitKey = openCommitKey();
  const known = recently(addresses.getMany);
  const dependentsOf = recently(openDependents().first);
  const projectsNamed = recently(projects.getMany);
  const cascadeSummary = recently((id: string) => cascades.summary(id));
  const logger = new Logger({ serviceName: 'site' });
  return createSiteHandler({
    builds: {
      get: builds.get,
      getMany: recently(builds.getMany),
      list: recently(builds.list),
      costs: recently(builds.costs),
    },
    projects: {
      get: projects.get,
      getMany: projectsNamed,
      list: recently(projects.list),
      listJobs: recently(projects.listJobs),
      listPrivate: recently(projects.listPrivate),
      bySource: recently(projects.bySource),
      withProblem: recently(openProjectProblems().withProblem),
    },
    sources: openSources(),
    cascades: {
      list: recently(cascades.list),
      causes: recently(cascades.causes),
      // What somebody may see of a cascade is read for them alone.
      summary: (id, counts) => (counts ? cascades.summary(id, counts) : cascadeSummary(id)),
      members: recently(cascades.members),
    },
    relations: {
      statuses: openBases().statuses,
      async dependents(project, isShown = () => true) {
        const images = imagesOf(project);
        const counted = images.slice(0, imagesCounted);
        const names = await Promise.all(counted.map((image) => dependentsOf(image, dependentsCounted)));
        const all = [...new Set(names.flat())].filter(isShown).sort();
        const isCounted = counted.length === images.length && names.every(({ length }) => length < dependentsCounted);
        const more = isCounted ? Math.max(0, all.length - dependentsShown) : undefined;
        const shown = all.slice(0, dependentsShown);
        // Builds of a dependent stay recorded when its project leaves the index.
        const gone = new Set((await projectsNamed(shown)).filter(({ active }) => !active).map(({ name }) => name));
        return { projects: shown.filter((name) => !gone.has(name)), more };
      },
      pending: async (project) => (await rebuilds.get(project)).pending,
    },
    log: openBuildLog(),
    records: { ...records, packages: openPackageLists().read },
    releases: {
      ofProject: recently(releases.ofProject),
      withDigest: recently(releases.withDigest),
      get: releases.get,
      findings: records.releaseFindings,
      retention: openRetentionReports().get,
    },
    holds: { ofProject: recently(openHolds().ofProject) },
    urlNotifications: { ofProject: openUrlNotifications().ofProject },
    targets: { ofProject: recently(openTargets().ofProject) },
    sboms: openSboms(),
    addresses: {
      get: addresses.get,
      answer: addresses.answer,
      async summary(named) {
        const all = distinctAddresses(named);
        return addressSummary(all, await known(all), !isPermitted('TRUST_ADDRESSES'), new Date());
      },
    },
    seals: openSeals(),
    signingKey: openReleaseKey(),
    commitSigner: commitKey && { email: variable('SENDER'), publicKey: commitKey.publicKey },
    signatures: openSignatures(),
    operators: listVariable('OPERATORS'),
    hasLogin: optionalVariable('LOGIN') !== undefined,
    buildsInFlight: Number(variable('BUILDS_IN_FLIGHT')),
    siteUrl: siteUrl(),
    onError: (error) => logger.error('A request could not be answered.', error as Error),
  });
});

/** The status site, the public JSON API and the badges. */
export function handler(event: APIGatewayProxyEventV2, context: Context): Promise<APIGatewayProxyStructuredResultV2> {
  return run()(event, { signal: AbortSignal.timeout(context.getRemainingTimeInMillis() - answerMilliseconds) });
}
