import type { Cause } from '../../core/build.ts';
import { type IndexProblem, readIndex } from '../../core/index-file.ts';
import { indexProblemMail } from '../../core/mail.ts';
import { type IndexPlan, needsBuild, planIndex } from '../../core/plan.ts';
import { type Project, projectSchema } from '../../core/project.ts';
import type { PushTrigger } from '../../core/trigger.ts';
import { MailRejectedError } from '../../services/mail.ts';
import type { ProjectRecord } from '../../services/projects.ts';
import type { Planned, Planner } from './planner.ts';
import type { PlanServices } from './services.ts';

/** ECR's rate for making repositories is low; the SDK waits and tries again, so a few at a time is the fastest. */
const repositoriesAtOnce = 4;
/** A host that does not answer takes 20 s: the branches of the others are read meanwhile. */
const headsAtOnce = 16;

/** Brings the projects in line with a push of the index: records, repositories, and builds of what is new or changed. */
export function createIndexPushPlanner(services: PlanServices): Planner<'push'> {
  const { startBuild, projects, deliveries, repositories, index, logger } = services;

  /** Builds a project as its branch is now; a branch that is not there yet is built by its first push. */
  async function buildHead(push: PushTrigger, project: Project, change: 'added' | 'changed'): Promise<string[]> {
    const headAt = new Date().toISOString();
    const commit = await services.headOf(project.gitUrl, project.gitBranch).catch((error: Error) => {
      // One unreachable host must not keep the other entries from being built; the next push to the project builds it.
      logger.warn('The head of a branch could not be read', { project: project.name, error });
      return undefined;
    });
    if (!commit) return [];
    const cause: Cause = { type: 'index', delivery: push.id, commit: push.after, change };
    const ref = `refs/heads/${project.gitBranch}`;
    const build = await startBuild({ trigger: push.id, project, cause, commit, ref, headAt });
    return build ? [build.id] : [];
  }

  async function applyIndex(push: PushTrigger): Promise<Planned> {
    if (push.deleted || push.commit === null) return { outcome: 'ignored: the index branch was deleted', builds: [] };
    // A push that is planned late, after its newer one, must not bring the older entries back.
    if (!(await deliveries.advance(`${push.source} ${push.ref}`, { ...push, commit: push.commit })))
      return leftOver(push);
    const read = readIndex(await index.repository.filesAt(push.commit));
    const known = await projects.all();
    // What the pipeline keeps beside an entry is no difference between the index and what is known of it.
    const plan = planIndex(
      read,
      known.map((project) => projectSchema.parse(project)),
    );
    const knownByName = new Map(known.map((project) => [project.name, project]));

    const wanted = [...plan.added, ...plan.changed];
    const calls = callsOf(push, plan, known);
    const failures = new Map<string, unknown>();
    const apply = async (project: Project) => {
      try {
        await repositories.ensure(project);
        const change = calls.get(project.name)?.change;
        await projects.put(project, change && { delivery: push.id, change });
      } catch (error) {
        // The entries beside it are applied and built; the push is tried again for this one.
        failures.set(project.name, error);
      }
    };
    // Each entry is written when its repositories are there: what one run does not get done, the next goes on with.
    await inTurns(wanted, repositoriesAtOnce, apply);
    for (const project of plan.deactivated) await projects.put({ ...project, active: false });

    // An image that a parent of the same index has yet to release cannot be built; it is built by a push after that.
    const isReleased = (name: string) =>
      !read.projects.some((project) => project.name === name) || knownByName.get(name)?.released;
    const ready = [...calls.values()].filter(
      ({ project }) => !failures.has(project.name) && project.dependsOn.every(isReleased),
    );
    const builds = (
      await inTurns(ready, headsAtOnce, ({ project, change }) => buildHead(push, project, change))
    ).flat();
    for (const [project, error] of failures) {
      logger.error('An entry of the index could not be applied', { project, error: error as Error });
      throw error;
    }
    if (read.problems.length > 0 || read.projects.length === 0) await reportProblems(push.commit, read.problems);
    const { added, changed, deactivated } = plan;
    return {
      outcome: `index: ${added.length} added, ${changed.length} changed, ${deactivated.length} removed, ${read.problems.length} problems, ${builds.length} builds`,
      builds,
    };
  }

  /** A newer push found what this one wrote before it died, and saw nothing new in it: what this one called for is built here. */
  async function leftOver(push: PushTrigger): Promise<Planned> {
    const none = { added: [], changed: [], deactivated: [] };
    const calls = [...callsOf(push, none, await projects.all()).values()];
    const builds = await inTurns(calls, headsAtOnce, ({ project, change }) => buildHead(push, project, change));
    return { outcome: 'ignored: a newer push of the index came before', builds: builds.flat() };
  }

  async function reportProblems(commit: string, problems: IndexProblem[]): Promise<void> {
    const mail = indexProblemMail({ repository: index.name, commit, problems, siteUrl: services.siteUrl });
    try {
      await services.mailer.send({ to: services.operators, mail });
    } catch (error) {
      // What is right in the index is in force, mail or no mail.
      if (!(error instanceof MailRejectedError)) throw error;
      logger.error('No operator got the mail about the index', { commit, error });
    }
  }

  return applyIndex;
}

/** Does the work for every item, some at a time; the next begins when any of them is done. */
async function inTurns<Item, Result>(
  items: Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Awaited<Result>[]> {
  const results: Awaited<Result>[] = new Array(items.length);
  const queue = items.entries();
  const worker = async () => {
    for (const [at, item] of queue) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

interface Call {
  project: Project;
  change: 'added' | 'changed';
}

/** The entries, by name, that a push of the index calls for a build of: also those that a try of it wrote before it died. */
function callsOf(push: PushTrigger, { added, changed }: IndexPlan, known: ProjectRecord[]): Map<string, Call> {
  const knownByName = new Map(known.map((project) => [project.name, project]));
  const calls = new Map<string, Call>();
  for (const project of known) {
    const { calledBy, active, name } = project;
    if (active && calledBy?.delivery === push.id) calls.set(name, { project, change: calledBy.change });
  }
  for (const project of added) calls.set(project.name, { project, change: 'added' });
  for (const project of changed) {
    const before = knownByName.get(project.name);
    if (before && needsBuild(before, project)) calls.set(project.name, { project, change: 'changed' });
  }
  return calls;
}
