import { declaredImages } from '../../core/cascade/dependents.ts';
import { buildEndedEvent } from '../../core/cascade/rebuild-state.ts';
import type { Build, TerminalStatus } from '../../core/model/build.ts';
import type { Project } from '../../core/model/project.ts';
import { parseProjectName } from '../../core/model/project-name.ts';
import type { Trigger } from '../../core/model/trigger.ts';
import { type CrashPoints, createCrashPoints } from './crash-points.ts';
import { setUpPlanBuilds } from './plan-builds-setup.ts';
import { digest } from './services-setup.ts';

/** A graph of projects, a queue of triggers, and builds that end as the test says. */
export async function setUpCascades(crashes: CrashPoints = createCrashPoints()) {
  const planning = await setUpPlanBuilds(crashes);
  const { builds, projects, dependents, sent } = planning;

  const name = (job: string) => `demo/${job}:latest`;

  async function track(job: string, parents: string[], over: Partial<Project> = {}): Promise<void> {
    const dependsOn = parents.map(name);
    await planning.track({ name: name(job), appId: 'demo', jobId: job, dependsOn, ...over });
    await dependents.declare(
      name(job),
      declaredImages(dependsOn, () => true),
    );
  }

  /** Notes a release, as the release function does. */
  async function release(project: string, build: string): Promise<void> {
    await projects.claimRelease(project, build);
    const at = new Date().toISOString();
    await projects.finishRelease(project, { build, headRevision: 1, digest, tags: ['latest'], at });
  }

  const ended = (build: string): Trigger => ({
    type: 'build-ended',
    id: buildEndedEvent(build),
    build,
  });

  return Object.assign(planning, {
    name,
    release,
    ended,

    /** Entries of the index, by job: the jobs that each depends on. All have a release. */
    async graph(parents: Record<string, string[]>, { released = true } = {}): Promise<void> {
      for (const [job, own] of Object.entries(parents)) await track(job, own);
      if (released) for (const job of Object.keys(parents)) await release(name(job), `first-${job}`);
    },

    trackJob: track,

    /** The build of a job that has not ended. */
    async running(): Promise<Build[]> {
      return (await planning.allBuilds()).filter(({ status }) => status === 'queued');
    },

    /** A build comes to its end, and the end is announced. */
    async finish(build: Build, status: TerminalStatus): Promise<void> {
      const image = {
        repository: 'registry.example/demo/x',
        digest,
        tags: [parseProjectName(build.project).desiredTag],
      };
      await builds.close(build, status, status === 'released' ? { image } : {});
      if (status === 'released') await release(build.project, build.id);
      sent.push(ended(build.id));
    },

    /** A build of somebody's push, which the cascade is not asked about. */
    async pushed(job: string, status: TerminalStatus, id = `push-${job}`): Promise<void> {
      const build = await planning.queue(id, { project: name(job) });
      await this.finish(build, status);
    },

    /** How often each job was built, apart from pushes. */
    async counts(): Promise<Record<string, number>> {
      const counts: Record<string, number> = {};
      for (const build of await planning.allBuilds()) {
        if (build.id.startsWith('push-') || build.status === 'cancelled') continue;
        const job = /^demo\/(.+):latest$/.exec(build.project)?.[1] ?? build.project;
        counts[job] = (counts[job] ?? 0) + 1;
      }
      return counts;
    },
  });
}

export type CascadeSetup = Awaited<ReturnType<typeof setUpCascades>>;
