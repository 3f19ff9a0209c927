import type { Logger } from '@aws-lambda-powertools/logger';
import type { Build, Cause } from '../core/build.ts';
import { buildIdOf } from '../core/plan.ts';
import { type Project, repositoriesOf } from '../core/project.ts';
import type { Builds } from './builds.ts';
import type { CommitStatuses } from './commit-statuses.ts';
import type { Executions } from './executions.ts';
import type { Projects } from './projects.ts';
import type { Records } from './records.ts';

interface Services {
  builds: Builds;
  projects: Projects;
  records: Records;
  executions: Executions;
  statuses: CommitStatuses;
  logger: Logger;
  repositoryPrefix: string;
  limits: { timeoutSeconds: number; logLimitBytes: number };
}

export interface BuildOrder {
  trigger: string;
  project: Project;
  cause: Cause;
  commit: string;
  ref: string;
  /** When the commit was known to be the head of the ref. */
  headAt: string;
}

/** Starts a build: its record, its request to the builder, its execution. Doing it twice, or again after half of it, starts one. */
export function createBuildStarter(services: Services) {
  const { builds, projects, records, executions, statuses, logger } = services;

  async function record({ trigger, project, cause, commit, ref, headAt }: BuildOrder): Promise<Build> {
    const id = buildIdOf(trigger, project.name);
    const existing = await builds.get(id);
    if (existing) return existing;
    const createdAt = new Date().toISOString();
    const build: Build = {
      id,
      project: project.name,
      status: 'queued',
      cause,
      commit,
      ref,
      sourceUrl: project.gitUrl,
      notifyEmail: project.notifyEmail,
      sequence: await projects.nextSequence(project.name),
      headAt,
      createdAt,
      stages: { build: { status: 'running', startedAt: createdAt } },
    };
    return (await builds.create(build)) ? build : builds.require(id);
  }

  return async function startBuild(order: BuildOrder): Promise<Build> {
    const { project } = order;
    const build = await record(order);
    if (build.status !== 'queued') return build;
    // As the record has them: a branch may have moved since a try that wrote the record and died.
    const { commit, ref } = build;
    await records.putRequest({
      id: build.id,
      project: project.name,
      source: { url: project.gitUrl, commit, ref },
      dockerfile: project.dockerfile,
      context: project.context,
      candidate: repositoriesOf(project, services.repositoryPrefix).candidate,
      repositoryPrefix: services.repositoryPrefix,
      labels: {
        'org.opencontainers.image.source': project.gitUrl,
        'org.opencontainers.image.revision': commit,
        'org.opencontainers.image.version': project.desiredTag,
        'org.opencontainers.image.ref.name': ref.replace(/^refs\/(heads|tags)\//, ''),
      },
      ...services.limits,
    });
    await executions.start(build.id);
    await statuses.set(build).catch((error: Error) => {
      // A mark at the commit is a courtesy; the build does not wait for GitHub's API.
      logger.warn('The commit status could not be set', { build: build.id, error });
    });
    return build;
  };
}

export type StartBuild = ReturnType<typeof createBuildStarter>;
