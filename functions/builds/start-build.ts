import type { Logger } from '@aws-lambda-powertools/logger';
import { buildIdOf, headEvent } from '../../core/builds/build-id.ts';
import { newBuild } from '../../core/builds/build-record.ts';
import { requestOf } from '../../core/builds/builder-request.ts';
import { cancelledBy } from '../../core/builds/failure.ts';
import { type Build, type Cause, firstStepOf } from '../../core/model/build.ts';
import { type Platform, platformSchema } from '../../core/model/platform.ts';
import type { Project } from '../../core/model/project.ts';
import { platformsToBuild } from '../../core/platforms/platforms-to-build.ts';
import { type CodeBuild, openCodeBuild } from '../../services/aws/codebuild.ts';
import { type Executions, openExecutions } from '../../services/aws/executions.ts';
import { variable } from '../../services/environment.ts';
import { type CommitStatuses, openCommitStatuses } from '../../services/git-host/commit-statuses.ts';
import { openProjectSources, type ProjectSources } from '../../services/git-host/project-sources.ts';
import { openRecords, type Records } from '../../services/records/records.ts';
import { openRepositories, type Repositories } from '../../services/registry/repositories.ts';
import { openBuildQuota } from '../../services/tables/build-quota.ts';
import { type Builds, openBuilds } from '../../services/tables/builds.ts';
import { openBuildsInFlight } from '../../services/tables/builds-in-flight.ts';
import { type Cascades, openCascades } from '../../services/tables/cascades.ts';
import { type Head, type Heads, openHeads, revisionAfter } from '../../services/tables/heads.ts';
import { openProjects, type Projects } from '../../services/tables/projects.ts';
import { createProjectQuota, type ProjectQuota } from './project-quota.ts';
import { createSupersede } from './supersede.ts';

const logLimitBytes = 32 * 1024 * 1024;
/** A request that loses to other writers this often fails, and its trigger is retried. */
const attempts = 20;

interface Services {
  quota: Pick<ProjectQuota, 'end' | 'freeEnded' | 'mayBegin' | 'next' | 'waitForRoom'>;
  builds: Pick<Builds, 'get' | 'require' | 'create' | 'close' | 'forgoCache'>;
  cascades: Pick<Cascades, 'header'>;
  projects: Pick<Projects, 'get' | 'nextSequence'>;
  heads: Pick<Heads, 'get' | 'advance' | 'forgetReplaced'>;
  records: Pick<Records, 'putRequest'>;
  repositories: Pick<Repositories, 'ensure'>;
  executions: Pick<Executions, 'start' | 'stop'>;
  codeBuild: CodeBuild;
  statuses: Pick<CommitStatuses, 'set'>;
  projectSources: Pick<ProjectSources, 'headOf'>;
  logger: Logger;
  repositoryPrefix: string;
  /** The platform to build for if an entry names none. */
  platform: Platform;
  limits: { timeoutSeconds: number; logLimitBytes: number };
}

export interface BuildOrder {
  /**
   * The trigger that gives the build its id, if somebody asked for it: the same trigger and project are one build. Absent for a new head,
   * which gets one build however many triggers report it.
   */
  trigger?: string | undefined;
  project: Project;
  cause: Cause;
  commit: string;
  ref: string;
  /** The stored head of the ref as it was before the git host named the commit. The build begins only if it is still the same. */
  known: Head | undefined;
  cascade?: string | undefined;
  noCache?: boolean | undefined;
}

export interface RebuildOrder extends Pick<BuildOrder, 'project' | 'cause' | 'cascade' | 'noCache'> {
  trigger: string;
  /** A build of the head with a higher sequence number than this is used instead of a new one. */
  unlessAfter?: number | undefined;
}

/** Starts builds: their record, their request to the builder, their execution. A repeated or resumed call starts no second build. */
export function createBuildStarter(services: Services) {
  const { builds, cascades, projects, heads, records, repositories, executions, statuses, logger } = services;
  const superseding = createSupersede(services);

  async function record(order: BuildOrder, id: string, headRevision: number): Promise<Build> {
    const { project, cause, commit, ref, cascade, noCache } = order;
    const createdAt = new Date().toISOString();
    const sequence = await projects.nextSequence(project.name, { id, ref });
    const build: Build = {
      ...newBuild(project, { id, cause, commit, ref, sequence, createdAt }),
      headRevision,
      stages: { build: { status: 'running', startedAt: createdAt } },
      cascade,
      noCache: noCache || undefined,
      platforms: platformsToBuild(project.platforms, services.platform),
    };
    return (await builds.create(build)) ? build : builds.require(id);
  }

  async function mark(build: Build): Promise<void> {
    await statuses.set(build).catch((error: Error) => {
      // The commit status is optional: the build goes on without the git host's API.
      logger.warn('The commit status could not be set', { build: build.id, error });
    });
  }

  async function supersede(build: Build, by: string): Promise<Build> {
    const closed = await builds.close(build, 'superseded', { supersededBy: by });
    if (closed) await superseding.stop(closed);
    return closed ?? builds.require(build.id);
  }

  /**
   * Starts the execution of a recorded build, unless a newer build holds the lease of the ref; ends the builds that held it before.
   * @param hasRoom whether the build counts in the quota already
   */
  async function run(build: Build, project: Project, hasRoom = false): Promise<Build> {
    // One that waits for its base image has begun already.
    if (build.status !== 'queued' || build.waiting) return build;
    const { id, ref } = build;
    const first = firstStepOf(build);
    if (first === 'roll-back') {
      await executions.start(build);
      return build;
    }
    const head = await heads.get(project.name, ref);
    if (head?.build !== undefined && head.build !== id) return supersede(build, head.build);
    const replaced = [...(head?.replaced ?? [])].filter((other) => other !== id);
    const ended = [];
    for (const other of replaced) ended.push(await superseding.supersede(other, id));
    // It stays queued, and begins when another build has ended (functions/triggers/build-ended.ts).
    if (!hasRoom && (await services.quota.mayBegin(build)) !== 'there') return build;
    // If a superseded build was to run without the cache, the build that supersedes it does so instead.
    const inheritsNoCache = !build.noCache && ended.some((other) => other?.noCache);

    if (first === 'build') {
      const requested = inheritsNoCache ? await builds.forgoCache(id) : build;
      await Promise.all([repositories.ensure(project), records.putRequest(requestOf(requested, project, services))]);
    }
    await executions.start(build);
    if (replaced.length > 0) await heads.forgetReplaced({ project: project.name, ref }, replaced);
    // A newer build may have ended this one before its execution existed, when there was nothing to stop yet.
    const started = await builds.require(id);
    if (started.status === 'superseded' || started.status === 'cancelled') await superseding.stop(started);
    else await mark(started);
    return started;
  }

  /** Records the build that holds the lease of a head, and starts it: the try that took the lease may have crashed before it did. */
  async function begin(order: BuildOrder, { build, commit, revision }: Head & { build: string }): Promise<Build> {
    const recorded = (await builds.get(build)) ?? (await record({ ...order, commit }, build, revision));
    return run(recorded, order.project);
  }

  async function start(order: BuildOrder): Promise<Build | undefined> {
    const { trigger, project, commit, ref, known } = order;
    const revision = revisionAfter(known);
    const id = buildIdOf(trigger ?? headEvent({ ref, commit, revision }), project.name);
    const existing = trigger === undefined ? undefined : await builds.get(id);
    if (existing) return run(existing, project);
    if (known?.build === id) return begin(order, { ...known, build: id });
    if (!(await heads.advance({ project: project.name, ref }, known, { commit, build: id }))) return undefined;
    return run(await record(order, id, revision), project);
  }

  /** Starts the execution of a build that was recorded without one; undefined if its project is gone. */
  async function resume(build: Build, hasRoom = false): Promise<Build | undefined> {
    const project = await projects.get(build.project);
    return project && run(build, project, hasRoom);
  }

  async function startNext(project?: string): Promise<void> {
    for await (const { id } of services.quota.next(project)) {
      const build = await builds.require(id);
      // It may have waited longer than its cascade lasted, whose cancellation reaches one project after the other.
      const cancelled = build.cascade === undefined ? undefined : (await cascades.header(build.cascade))?.cancelled;
      if (cancelled) await superseding.cancel(id, cancelledBy(cancelled.by, cancelled.reason, 'cascade'));
      else await resume(build, true);
    }
  }

  return {
    /**
     * Takes the lease of a ref for a build of a commit, and ends the build that held it.
     * @returns undefined if another process changed the head since it was read; then it is to be read again, and the host to be asked again
     */
    startBuild: start,

    /**
     * Starts the build of a head that is known already, if it has not begun yet.
     * @returns undefined if there is nothing to start
     */
    async resumeHead(order: Omit<BuildOrder, 'commit' | 'known'>, known: Head): Promise<Build | undefined> {
      if (known.build === undefined) return undefined;
      const build = await begin({ ...order, commit: known.commit, known }, { ...known, build: known.build });
      return build.status === 'queued' ? build : undefined;
    },

    /**
     * Builds the newest known head of the tracked branch once more.
     * @returns undefined if the branch does not exist
     */
    async startRebuild(order: RebuildOrder): Promise<Build | undefined> {
      const { project } = order;
      const ref = `refs/heads/${project.gitBranch}`;
      let { unlessAfter } = order;
      for (let count = 0; count < attempts; count++) {
        const known = await heads.get(project.name, ref);
        const latest = known?.build === undefined ? undefined : await builds.get(known.build);
        // If the entry named another repository then, that head is not one of the repository that it names now.
        const isOfSource = latest?.sourceUrl === project.gitUrl;
        if (isOfSource && unlessAfter !== undefined && latest.sequence > unlessAfter) return run(latest, project);
        const commit = isOfSource ? known?.commit : await services.projectSources.headOf(project);
        if (commit === undefined) return undefined;
        const build = await start({ ...order, ref, commit, known });
        if (build) return build;
        // If a push was planned during the request to the git host, its build is the first of the branch, and serves.
        if (!known) unlessAfter = 0;
      }
      throw new Error(`Other writers changed the head of ${ref} of ${project.name} again and again.`);
    },

    /** Cancels a build that is no longer needed; false if it has ended in another way. */
    cancelBuild: superseding.cancel,

    resume: (build: Build): Promise<Build | undefined> => resume(build),

    /** Starts builds that waited for the end of this one. */
    async startAfter(ended: Build): Promise<void> {
      await services.quota.end(ended);
      await startNext(ended.project);
    },

    /** Starts builds that waited for the end of others, if that end was not noticed; says which ones wait on. */
    async startOverdue(): Promise<(build: Build) => boolean> {
      await services.quota.freeEnded();
      await startNext();
      return services.quota.waitForRoom();
    },
  };
}

export type BuildStarter = ReturnType<typeof createBuildStarter>;
export type StartBuild = BuildStarter['startBuild'];
export type StartRebuild = BuildStarter['startRebuild'];

export function openBuildStarter(logger: Logger): BuildStarter {
  const builds = openBuilds();
  return createBuildStarter({
    builds,
    cascades: openCascades(),
    quota: createProjectQuota({ builds, quota: openBuildQuota(), inFlight: openBuildsInFlight() }),
    projects: openProjects(),
    heads: openHeads(),
    records: openRecords(),
    repositories: openRepositories(),
    executions: openExecutions(),
    codeBuild: openCodeBuild(),
    statuses: openCommitStatuses(),
    projectSources: openProjectSources(),
    logger,
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
    platform: platformSchema.parse(variable('PLATFORM')),
    limits: { timeoutSeconds: Number(variable('BUILD_TIMEOUT_SECONDS')), logLimitBytes },
  });
}
