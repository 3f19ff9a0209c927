import type { IndexFile } from '../../core/index/read-index.ts';
import type { PushTrigger, Trigger } from '../../core/model/trigger.ts';
import { createProjectQuota } from '../../functions/builds/project-quota.ts';
import { createBuildStarter } from '../../functions/builds/start-build.ts';
import { createPlanBuilds } from '../../functions/plan-builds.ts';
import { createBuildQuota, type QuotaLimits } from '../../services/tables/build-quota.ts';
import { type CrashPoints, createCrashPoints } from './crash-points.ts';
import { createFakeGithub } from './fake-github.ts';
import { commit, setUpServices, silentLogger } from './services-setup.ts';

export const indexSource = 'git.example/slipway/index';

export const pushOf = (over: Partial<PushTrigger> = {}): PushTrigger => ({
  type: 'push',
  id: 'delivery-1',
  receivedAt: '2026-11-21T00:00:00.000Z',
  source: 'git.example/demo/app',
  ref: 'refs/heads/main',
  before: 'b'.repeat(40),
  after: commit,
  commit,
  deleted: false,
  forced: false,
  pusher: 'someone',
  ...over,
});

/** A push to the index's own branch. */
export const indexPush = (id = 'index-1', over: Partial<PushTrigger> = {}) =>
  pushOf({ id, source: indexSource, ref: 'refs/heads/main', ...over });

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
  limits: QuotaLimits = { atOnce: 100, perHour: 1000 },
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
    /** The heads of branches: address and branch to commit. */
    headOf: async (_url: string, _branch: string): Promise<string | undefined> => commit,
  };
  const source = {
    filesAt: async (_commit: string) => planning.files,
    headOf: (url: string, branch: string) => planning.headOf(url, branch),
    ensure: (project: { name: string }) => planning.ensure(project),
  };
  const guarded = crashes.guard(source);
  const projects = crashes.guard(world.projects);
  const heads = crashes.guard(world.heads);
  const starter = createBuildStarter({
    quota: createProjectQuota({ ...world, quota: createBuildQuota(world.client, 'projects', limits) }),
    builds: crashes.guard(world.builds),
    projects,
    heads,
    records: crashes.guard(world.records),
    executions: crashes.guard(world.executions),
    codeBuild: crashes.guard(world.codeBuild),
    statuses: crashes.guard(world.statuses),
    headOf: (url, branch) => guarded.headOf(url, branch),
    logger: silentLogger,
    repositoryPrefix: 'slipway/',
    limits: { timeoutSeconds: 60, logLimitBytes: 1000 },
  });
  const planBuilds = createPlanBuilds({
    ...starter,
    github: { ...crashes.guard(planning.github.api), repositoryAt: planning.github.api.repositoryAt },
    statuses: crashes.guard(world.statuses),
    builds: crashes.guard(world.builds),
    cascades: crashes.guard(world.cascades),
    dependents: crashes.guard(world.dependents),
    rebuilds: crashes.guard(world.rebuilds),
    triggers: crashes.guard(world.triggers),
    heads,
    projects,
    deliveries: crashes.guard(world.deliveries),
    repositories: guarded,
    index: {
      name: 'slipway/index',
      url: 'https://git.example/slipway/index',
      source: indexSource,
      ref: 'refs/heads/main',
      repository: guarded,
      allowedHosts: [],
      mostRecipients: 5,
    },
    headOf: (url, branch) => guarded.headOf(url, branch),
    mailer: crashes.guard(world.mailer),
    operators: ['operator@example.org'],
    siteUrl: 'https://slipway.example',
    logger: silentLogger,
  });
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

  return Object.assign(planning, { planBuilds, plan, drain, starter });
}
