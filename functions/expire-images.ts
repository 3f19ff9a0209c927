import { createHash } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { mapConcurrently } from '../core/concurrency.ts';
import { ReleaseBusyError } from '../core/model/errors.ts';
import { repositoriesOf } from '../core/model/project.ts';
import { once } from '../core/once.ts';
import { expiredImages, type RetentionReport, type RetentionRules } from '../core/retention/retention-plan.ts';
import { usesByProjects } from '../core/retention/uses.ts';
import { dayOf } from '../core/time/day.ts';
import { jsonVariable, variable } from '../services/environment.ts';
import { openRetentionReports } from '../services/records/retention-reports.ts';
import { openImageUse } from '../services/registry/image-use.ts';
import { openStoredImages } from '../services/registry/stored-images.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import { openReleases } from '../services/tables/releases.ts';
import { openTargets } from '../services/tables/targets.ts';
import { createExpireRepository } from './retention/expire-repository.ts';

const repositoriesAtOnce = 4;
/** The time that a run keeps for the repositories that it has begun. */
const endingMilliseconds = 60_000;

/** What `npx slipway retention` asks for. */
const requestSchema = z.object({
  /** Without the prefix, `app/job`; absent: all. */
  repository: z.string().optional(),
  /** Rules to try instead of those in force. */
  days: z.int().min(1).optional(),
  newest: z.int().min(0).optional(),
  isDryRun: z.literal(true),
});

interface Run {
  rules: RetentionRules;
  expired: (typeof expiredImages)[number];
  isDryRun: boolean;
  /** `app/job`; undefined: all. */
  repository: string | undefined;
  now: Date;
  isLate: () => boolean;
}

interface Services {
  projects: Pick<Projects, 'all'>;
  expireRepository: ReturnType<typeof createExpireRepository>;
  logger: Logger;
}

/** Deletes or archives the released images that nothing needs any more, repository by repository. */
export function createExpireImages({ projects, expireRepository, logger }: Services) {
  return async function expireImages({
    rules,
    expired,
    isDryRun,
    repository,
    now,
    isLate,
  }: Run): Promise<RetentionReport[]> {
    const all = await projects.all();
    const uses = usesByProjects(all, now);
    const repositories = [...Map.groupBy(all, (project) => repositoriesOf(project, '').release)]
      .filter(([path]) => repository === undefined || path === repository)
      .toSorted(([one], [other]) => inTurn(one, now).localeCompare(inTurn(other, now)));
    const reports: RetentionReport[] = [];
    const failures: unknown[] = [];
    let left = 0;
    await mapConcurrently(repositories, repositoriesAtOnce, async ([path, own]) => {
      if (isLate()) {
        left += 1;
        return;
      }
      try {
        const names = own.map(({ name }) => name);
        const report = await expireRepository({ path, projects: names }, uses, { rules, expired, isDryRun, now });
        if (report) reports.push(report);
      } catch (error) {
        if (error instanceof ReleaseBusyError) {
          // A release goes first; the next run looks at the repository again.
          left += 1;
          return;
        }
        // The other repositories are tidied all the same.
        logger.error('A repository could not be tidied', { repository: path, error: error as Error });
        failures.push(error);
      }
    });
    if (left > 0) logger.warn('Repositories were left for another day', { repositories: left });
    if (failures.length > 0) throw failures[0];
    return reports;
  };
}

/** Another order each day, so that no repository is always among those that are left. */
function inTurn(repository: string, now: Date): string {
  return createHash('sha256')
    .update(`${dayOf(now)} ${repository}`)
    .digest('hex');
}

const run = once(() =>
  createExpireImages({
    projects: openProjects(),
    expireRepository: createExpireRepository({
      images: openStoredImages(),
      imageUse: openImageUse(),
      projects: openProjects(),
      releases: openReleases(),
      targets: openTargets(),
      reports: openRetentionReports(),
      repositoryPrefix: variable('REPOSITORY_PREFIX'),
    }),
    logger: new Logger({ serviceName: 'expire-images' }),
  }),
);

/** Runs once a day by itself; an operator's request is a dry run, and gets what would be done. */
export async function handler(event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) {
  const { data: request } = requestSchema.safeParse(event);
  const inForce = rulesSchema.parse(jsonVariable('RETENTION'));
  const reports = await run()({
    expired: inForce.expired,
    rules: { days: request?.days ?? inForce.days, newest: request?.newest ?? inForce.newest },
    isDryRun: request !== undefined,
    repository: request?.repository,
    now: new Date(),
    isLate: () => context.getRemainingTimeInMillis() < endingMilliseconds,
  });
  return request ? reports : undefined;
}

/** As the configuration has it: without days released images are kept for ever. */
const rulesSchema = z.object({
  days: z.int().min(1).optional(),
  newest: z.int().min(0),
  expired: z.enum(expiredImages),
});
