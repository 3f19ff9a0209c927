import type { Logger } from '@aws-lambda-powertools/logger';
import { buildIdOf } from '../../core/builds/build-id.ts';
import { requestOf } from '../../core/builds/builder-request.ts';
import type { Build, Cause } from '../../core/model/build.ts';
import type { Project } from '../../core/model/project.ts';
import { type CodeBuild, openCodeBuild } from '../../services/aws/codebuild.ts';
import { type Executions, openExecutions } from '../../services/aws/executions.ts';
import { variable } from '../../services/environment.ts';
import { type CommitStatuses, openCommitStatuses } from '../../services/git-host/commit-statuses.ts';
import { type HeadOf, openSourceHost } from '../../services/git-host/git-remote.ts';
import { openRecords, type Records } from '../../services/records/records.ts';
import { openBuildQuota } from '../../services/tables/build-quota.ts';
import { type Builds, openBuilds } from '../../services/tables/builds.ts';
import { type Heads, openHeads } from '../../services/tables/heads.ts';
import { openProjects, type Projects } from '../../services/tables/projects.ts';
import { createProjectQuota, type ProjectQuota } from './project-quota.ts';
import { createRefLeases } from './ref-lease.ts';
import { createSupersede } from './supersede.ts';

const logLimitBytes = 32 * 1024 * 1024;

interface Services {
  quota: ProjectQuota;
  builds: Pick<Builds, 'get' | 'require' | 'create' | 'close' | 'forgoCache'>;
  projects: Pick<Projects, 'get' | 'nextSequence'>;
  heads: Pick<Heads, 'get' | 'advance' | 'forgetReplaced'>;
  records: Pick<Records, 'putRequest'>;
  executions: Pick<Executions, 'start' | 'stop'>;
  codeBuild: CodeBuild;
  statuses: Pick<CommitStatuses, 'set'>;
  headOf: HeadOf;
  logger: Logger;
  repositoryPrefix: string;
  limits: { timeoutSeconds: number; logLimitBytes: number };
}

export interface BuildOrder {
  /** What the build is named by: the same trigger and project are one build. */
  trigger: string;
  project: Project;
  cause: Cause;
  commit: string;
  ref: string;
  /** When the commit was known to be the head of the ref. */
  headAt: string;
  /** The head before it, if the event names it. */
  before?: string | undefined;
  /** Where the source is fetched from, if not from the project's own URL. */
  sourceUrl?: string | undefined;
  cascade?: string | undefined;
  noCache?: boolean | undefined;
  /** Build only a head that is not known yet. */
  unlessKnown?: boolean | undefined;
}

export interface RebuildOrder extends Pick<BuildOrder, 'trigger' | 'project' | 'cause' | 'cascade' | 'noCache'> {
  /** A build of the head that was created since then is used instead of a new one. */
  unlessSince?: string | undefined;
}

/** Starts builds: their record, their request to the builder, their execution. A repeated or resumed call starts no second build. */
export function createBuildStarter(services: Services) {
  const { builds, projects, heads, records, executions, statuses, logger } = services;
  const superseding = createSupersede(services);
  const leases = createRefLeases(services);

  /** @param overrides fields that differ from those of a build that is about to begin */
  async function record(order: BuildOrder, id: string, overrides: Partial<Build> = {}): Promise<Build> {
    const { project, cause, commit, ref, headAt, cascade, noCache } = order;
    const createdAt = new Date().toISOString();
    const build: Build = {
      id,
      project: project.name,
      status: 'queued',
      cause,
      commit,
      ref,
      sourceUrl: order.sourceUrl ?? project.gitUrl,
      notifyEmail: project.notifyEmail,
      sequence: await projects.nextSequence(project.name),
      headAt,
      createdAt,
      stages: { build: { status: 'running', startedAt: createdAt } },
      notify: project.notify,
      cascade,
      noCache: noCache || undefined,
      ...overrides,
    };
    return (await builds.create(build)) ? build : builds.require(id);
  }

  async function mark(build: Build): Promise<void> {
    await statuses.set(build).catch((error: Error) => {
      // The commit status is optional: the build goes on without GitHub's API.
      logger.warn('The commit status could not be set', { build: build.id, error });
    });
  }

  /** A build that is too late to begin is still recorded, so that its page shows what happened to the commit. */
  async function recordLate(order: BuildOrder, id: string, by: string | undefined): Promise<Build> {
    const endedAt = new Date().toISOString();
    const build = await record(order, id, {
      ...{ status: 'superseded', endedAt, stages: {} },
      supersededBy: by,
    });
    await mark(build);
    return build;
  }

  async function supersede(build: Build, by: string): Promise<Build> {
    const closed = await builds.close(build, 'superseded', { supersededBy: by });
    if (closed) await mark(closed);
    return closed ?? builds.require(build.id);
  }

  /** Starts the execution of a recorded build, unless a newer build holds the lease of the ref; ends the builds that held it before. */
  async function run(build: Build, project: Project): Promise<Build> {
    if (build.status !== 'queued') return build;
    const { id, ref } = build;
    const head = await heads.get(project.name, ref);
    if (head?.build !== undefined && head.build !== id) return supersede(build, head.build);
    const replaced = [...(head?.replaced ?? [])].filter((other) => other !== id);
    const ended = [];
    for (const other of replaced) ended.push(await superseding.supersede(other, id));
    // It stays queued, and begins when another build of the project has ended (functions/triggers/build-ended.ts).
    if (!(await services.quota.mayBegin(build))) return build;
    // If a superseded build was to run without the cache, the build that supersedes it does so instead.
    const inheritsNoCache = !build.noCache && ended.some((other) => other?.noCache);

    await records.putRequest(requestOf(inheritsNoCache ? await builds.forgoCache(id) : build, project, services));
    await executions.start(id);
    if (replaced.length > 0) await heads.forgetReplaced({ project: project.name, ref }, replaced);
    // A newer build may have ended this one before its execution existed, when there was nothing to stop yet.
    const started = await builds.require(id);
    if (started.status === 'superseded' || started.status === 'cancelled') await superseding.stop(started);
    else await mark(started);
    return started;
  }

  async function start(order: BuildOrder, isRebuild: boolean): Promise<Build | undefined> {
    const { project } = order;
    const own = buildIdOf(order.trigger, project.name);
    const existing = await builds.get(own);
    if (existing) return run(existing, project);
    const lease = await leases.take(order, own, isRebuild);
    switch (lease.kind) {
      case 'known':
        return undefined;
      case 'late':
        return recordLate(order, own, lease.build);
      case 'held': {
        const { commit, headAt } = lease;
        return run(await record(order, lease.build, { commit, headAt }), project);
      }
    }
  }

  /** Starts the execution of a build that was recorded without one; undefined if its project is gone. */
  async function resume(build: Build): Promise<Build | undefined> {
    const project = await projects.get(build.project);
    return project && run(build, project);
  }

  return {
    /**
     * Builds a commit of a ref, and ends the build that held its lease. An older head than the known one is recorded as superseded.
     * @returns undefined if only a new head is to be built and this one is known
     */
    startBuild: (order: BuildOrder): Promise<Build | undefined> => start(order, false),

    /**
     * Builds the newest known head of the tracked branch once more.
     * @returns undefined if the branch does not exist
     */
    async startRebuild(order: RebuildOrder): Promise<Build | undefined> {
      const { project } = order;
      const ref = `refs/heads/${project.gitBranch}`;
      const known = await heads.get(project.name, ref);
      const latest = order.unlessSince && known?.build ? await builds.get(known.build) : undefined;
      if (latest && latest.createdAt >= (order.unlessSince ?? '')) return run(latest, project);
      if (known) return start({ ...order, ref, commit: known.commit, headAt: known.headAt }, true);
      const headAt = new Date().toISOString();
      const commit = await services.headOf(project.gitUrl, project.gitBranch);
      if (commit === undefined) return undefined;
      const started = await start({ ...order, ref, commit, headAt, unlessKnown: true }, false);
      if (started) return started;
      // A push of the commit was planned during the request to the git host: its build is the first of the branch.
      const holder = (await heads.get(project.name, ref))?.build;
      return holder === undefined ? undefined : run(await builds.require(holder), project);
    },

    /** Records a head without a build, because none of the project's paths has changed. A running build goes on. */
    recordHead: (order: Pick<BuildOrder, 'project' | 'commit' | 'ref' | 'headAt' | 'before'>): Promise<void> =>
      leases.recordHead(order),

    /** Cancels a build that is no longer needed; false if it has ended otherwise. */
    cancelBuild: superseding.cancel,

    resume,

    /** Starts builds of a project that waited for others of it to end. */
    async startWaiting(project: string): Promise<void> {
      for (const build of await services.quota.waiting(project)) {
        if (!(await services.quota.mayBegin(build))) return;
        await resume(build);
      }
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
    quota: createProjectQuota({ builds, quota: openBuildQuota() }),
    projects: openProjects(),
    heads: openHeads(),
    records: openRecords(),
    executions: openExecutions(),
    codeBuild: openCodeBuild(),
    statuses: openCommitStatuses(),
    headOf: openSourceHost().headOf,
    logger,
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
    limits: { timeoutSeconds: Number(variable('BUILD_TIMEOUT_SECONDS')), logLimitBytes },
  });
}
