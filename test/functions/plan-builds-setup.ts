import { createHash } from 'node:crypto';
import type { IndexFile } from '../../core/index/read-index.ts';
import type { PushTrigger, Trigger } from '../../core/model/trigger.ts';
import { absentError } from '../../core/sources/source-failure.ts';
import { createProjectQuota } from '../../functions/builds/project-quota.ts';
import { createBuildStarter } from '../../functions/builds/start-build.ts';
import { createPlanBuilds } from '../../functions/plan-builds.ts';
import { createPlanners } from '../../functions/triggers/planners.ts';
import type { ProjectSources } from '../../services/git-host/project-sources.ts';
import { createBuildQuota, type QuotaLimits } from '../../services/tables/build-quota.ts';
import { createBuildsInFlight } from '../../services/tables/builds-in-flight.ts';
import { type CrashPoints, createCrashPoints } from './crash-points.ts';
import { createFakeGitHost } from './fake-git-host.ts';
import { createFakeGithub } from './fake-github.ts';
import { commit, setUpServices, silentLogger } from './services-setup.ts';

export const indexSource = 'git.example/slipway/index';

const main = 'refs/heads/main';

/** The event of a push, whatever the host has. */
export const pushOf = (over: Partial<PushTrigger> = {}): PushTrigger => ({
  type: 'push',
  id: 'delivery-1',
  source: 'git.example/demo/app',
  ref: main,
  expected: commit,
  pusher: 'someone',
  ...over,
});

/** The commit of a push of the index. */
export const indexCommit = (id: string) => createHash('sha1').update(id).digest('hex');

/** An index file; each entry is `job` with what differs from the rest. */
export function indexFile(entries: Record<string, Record<string, string>>, path = 'index.d/demo.yml'): IndexFile {
  const text = Object.entries(entries).map(([job, over], at) => {
    const keys = {
      'app-id': 'demo',
      'job-id': job,
      'git-url': `https://git.example/demo/${job}.git`,
      'git-branch': 'main',
      'git-path': '/',
      'target-file': 'Dockerfile',
      'desired-tag': 'latest',
      'notify-email': 'owner@example.org',
      ...over,
    };
    const lines = Object.entries(keys).map(([key, value]) => `    ${key}: ${value}`);
    return [`  - id: ${at + 1}`, ...lines].join('\n');
  });
  return { path, text: `Projects:\n${text.join('\n')}\n` };
}

/** plan-builds with everything around it. The index is what `files` is at the time. */
export async function setUpPlanBuilds(
  crashes: CrashPoints = createCrashPoints(),
  { inFlight = 0, ...limits }: QuotaLimits & { inFlight?: number } = { atOnce: 100, perHour: 1000 },
) {
  const world = await setUpServices();
  const ensured: string[] = [];
  const planning = {
    ...world,
    ensured,
    github: createFakeGithub(),
    /** ECR, as it makes repositories. */
    ensure: async ({ name }: { name: string }) => void ensured.push(name),
    /** The index at any commit. */
    files: [] as IndexFile[],
    filesAt: async (_commit: string): Promise<IndexFile[]> => planning.files,
    host: createFakeGitHost(),
  };
  const source = {
    filesAt: (commit: string) => planning.filesAt(commit),
    commitsAt: (url: string, refs: readonly string[]) => planning.host.commitsAt(url, refs),
    headOf: async (url: string, branch: string) => {
      const ref = `refs/heads/${branch}`;
      return (await planning.host.commitsAt(url, [ref])).get(ref);
    },
    ensure: (project: { name: string }) => planning.ensure(project),
  };
  const guarded = crashes.guard(source);
  const projectSources: Pick<ProjectSources, 'commitsAt' | 'headOf'> = {
    commitsAt: async (project, refs) => {
      const found = await guarded.commitsAt(project.gitUrl, refs);
      return planning.host.isOpenTo(project) ? found : new Map();
    },
    headOf: async (project) => {
      const found = await guarded.headOf(project.gitUrl, project.gitBranch);
      if (!planning.host.isOpenTo(project)) throw absentError({ status: 401 }, project);
      return found;
    },
  };
  const projects = crashes.guard(world.projects);
  const heads = crashes.guard(world.heads);
  const starter = createBuildStarter({
    quota: createProjectQuota({
      ...world,
      quota: createBuildQuota(world.client, 'projects', limits),
      inFlight: createBuildsInFlight(world.client, 'heads', inFlight),
    }),
    builds: crashes.guard(world.builds),
    cascades: crashes.guard(world.cascades),
    projects,
    heads,
    records: crashes.guard(world.records),
    repositories: guarded,
    executions: crashes.guard(world.executions),
    codeBuild: crashes.guard(world.codeBuild),
    statuses: crashes.guard(world.statuses),
    projectSources,
    logger: silentLogger,
    repositoryPrefix: 'slipway/',
    platform: 'linux/arm64',
    limits: { timeoutSeconds: 60, logLimitBytes: 1000 },
  });
  const [deliveries, triggers] = [crashes.guard(world.deliveries), crashes.guard(world.triggers)];
  const planners = createPlanners({
    ...starter,
    repositoryAt(url: string) {
      const repository = planning.github.repositoryAt(url);
      return repository && crashes.guard(repository);
    },
    statuses: crashes.guard(world.statuses),
    builds: crashes.guard(world.builds),
    cascades: crashes.guard(world.cascades),
    dependents: crashes.guard(world.dependents),
    rebuilds: crashes.guard(world.rebuilds),
    triggers,
    eventBus: crashes.guard(world.eventBus),
    heads,
    holds: crashes.guard(world.holds),
    releases: crashes.guard(world.releases),
    indexHead: crashes.guard(world.indexHead),
    ownCommits: crashes.guard(world.ownCommits),
    projects,
    problems: crashes.guard(world.problems),
    index: {
      name: 'slipway/index',
      url: 'https://git.example/slipway/index',
      source: indexSource,
      ref: main,
      repository: guarded,
      authorization: async () => undefined,
      allowedHosts: [],
      gitHosts: [planning.github.host],
      mostRecipients: 5,
    },
    headOf: guarded.headOf,
    commitsAt: guarded.commitsAt,
    projectSources,
    missingSecrets: async () => [],
    platform: 'linux/arm64',
    mailer: crashes.guard(world.mailer),
    recipients: world.recipients,
    operators: [{ address: 'operator@example.org' }],
    siteUrl: 'https://slipway.example',
    logger: silentLogger,
  });
  const planBuilds = createPlanBuilds({ planners, deliveries, triggers, logger: silentLogger });
  const { sent } = planning;

  /** Plans a trigger, and what comes of it. */
  async function plan(trigger: Trigger): Promise<void> {
    await planBuilds(trigger);
    await drain();
  }

  /** Plans what is in the queue, and what comes of it. */
  async function drain(pick: (length: number) => number = () => 0): Promise<void> {
    while (sent.length > 0) {
      const at = pick(sent.length);
      const trigger = sent[at] as Trigger;
      await planBuilds(trigger);
      // What could not be planned stays in the queue.
      sent.splice(sent.indexOf(trigger), 1);
    }
  }

  /** Somebody pushes to a repository. @returns the event of it; `commit` is null where the ref is deleted */
  function push({ commit: to = commit, ...over }: Partial<PushTrigger> & { commit?: string | null } = {}): PushTrigger {
    const trigger = pushOf({ expected: to ?? '0'.repeat(40), ...over });
    planning.host.set(trigger.source, trigger.ref, to ?? undefined);
    return trigger;
  }

  /** Somebody pushes to the index; each id is a commit. @returns the event of it */
  const pushIndex = (id = 'index-1') => push({ id, source: indexSource, commit: indexCommit(id) });

  return Object.assign(planning, { planBuilds, plan, drain, starter, push, pushIndex });
}
