import { declaredImages } from '../../core/cascade/dependents.ts';
import { inTurns } from '../../core/concurrency.ts';
import { type IndexPlan, isJudgedOnly, needsBuild, planIndex } from '../../core/index/plan-index.ts';
import { type IndexProblem, readIndex } from '../../core/index/read-index.ts';
import { indexProblemMail } from '../../core/mail/build-mail.ts';
import { type Project, projectSchema } from '../../core/model/project.ts';
import type { PushTrigger } from '../../core/model/trigger.ts';
import { sendNotice } from '../../services/mail/best-effort-mail.ts';
import type { ProjectRecord } from '../../services/tables/projects.ts';
import { createAnnounce } from '../cascade/announce.ts';
import type { Planned, Planner } from '../triggers/planner.ts';
import type { PlanServices } from '../wiring/plan-services.ts';

/** ECR's rate for making repositories is low; the SDK waits and tries again, so a few at a time is the fastest. */
const repositoriesAtOnce = 4;
const writesAtOnce = 32;
/** From the beginning to the last entry, and for the cascade after it. An index too large for the function's minute goes on with the next run. */
const writingMilliseconds = 20_000;
const cascadeMilliseconds = 25_000;
/** An index whose reading takes long comes on nevertheless. */
const leastWritingMilliseconds = 5000;

/** Brings the projects in line with a push of the index, and has what is new or changed built, parents first. */
export function createIndexPushPlanner(services: PlanServices): Planner<'push'> {
  const { projects, dependents, deliveries, repositories, index, logger } = services;
  const announce = createAnnounce(services);

  async function applyIndex(push: PushTrigger): Promise<Planned> {
    const deadline = Date.now() + writingMilliseconds;
    if (push.deleted || push.commit === null) return { outcome: 'ignored: the index branch was deleted', builds: [] };
    // A push that is planned late, after its newer one, must not bring the older entries back.
    if (!(await deliveries.advance(`${push.source} ${push.ref}`, { ...push, commit: push.commit })))
      return leftOver(push);
    const read = readIndex(await index.repository.filesAt(push.commit), index);
    const known = await projects.all();
    // What the pipeline keeps beside an entry is no difference between the index and what is known of it.
    const plan = planIndex(
      read,
      known.map((project) => projectSchema.parse(project)),
    );
    const calls = callsOf(push, plan, known);
    const { failures, unfinished } = await write(push, plan, known, calls, {
      entries: read.projects,
      deadline: Math.max(deadline, Date.now() + leastWritingMilliseconds),
    });
    const { added, changed, deactivated } = plan;
    const errors = read.problems.filter(({ severity }) => severity === 'error');
    const counts = `index: ${added.length} added, ${changed.length} changed, ${deactivated.length} removed, ${errors.length} problems`;
    if (unfinished) return { outcome: `${counts}; goes on`, builds: [], unfinished };

    for (const name of failures.keys()) calls.delete(name);
    const announced = await build(push, calls);
    if (announced.unfinished) return { outcome: `${counts}; goes on`, builds: [], unfinished: true };
    for (const [project, error] of failures) {
      logger.error('An entry of the index could not be applied', { project, error: error as Error });
      throw error;
    }
    if (errors.length > 0 || read.projects.length === 0) await reportProblems(push.commit, errors);
    const { cascade, members } = announced;
    return { outcome: `${counts}${cascade ? `, cascade ${cascade}: ${members} projects` : ''}`, builds: [] };
  }

  /** Each entry is written when all that belongs to it is there: what one run does not get done, the next goes on with. */
  async function write(
    push: PushTrigger,
    { added, changed, deactivated }: IndexPlan,
    known: ProjectRecord[],
    calls: Map<string, Call>,
    { entries, deadline }: { entries: Project[]; deadline: number },
  ): Promise<{ failures: Map<string, unknown>; unfinished: boolean }> {
    const failures = new Map<string, unknown>();
    const gone = new Set(deactivated.map(({ name }) => name));
    const before = new Set(known.filter(({ active }) => active).map(({ name }) => name));
    const after = new Set([...before, ...entries.map(({ name }) => name)]);
    for (const name of gone) after.delete(name);
    const declare = ({ name, dependsOn }: Project) =>
      dependents.declare(
        name,
        declaredImages(dependsOn, (parent) => after.has(parent)),
      );

    // Where a parent has come into the index or left it, another image is meant by its name.
    const isMoved = (parent: string) => before.has(parent) !== after.has(parent);
    const written = new Set([...added, ...changed].map(({ name }) => name));
    const remeant = entries.filter(({ name, dependsOn }) => !written.has(name) && dependsOn.some(isMoved));
    await inTurns(remeant, writesAtOnce, declare);

    let left = 0;
    const apply = async (project: Project, change: Call['change'] | undefined, isNew = true): Promise<void> => {
      if (Date.now() > deadline) {
        left += 1;
        return;
      }
      try {
        if (project.active && isNew) await repositories.ensure(project);
        if (project.active && isNew) await declare(project);
        const calledBy = change && { delivery: push.id, change };
        const isNewest = await projects.put(project, {
          indexedAt: push.receivedAt,
          ...(calledBy ? { calledBy } : {}),
        });
        const newer = isNewest ? undefined : await projects.get(project.name);
        if (newer) await declare(newer);
      } catch (error) {
        // The entries beside it are applied and built; the push is tried again for this one.
        failures.set(project.name, error);
      }
    };
    const knownByName = new Map(known.map((project) => [project.name, project]));
    const byRules = changed.filter((project) => {
      const former = knownByName.get(project.name);
      return former !== undefined && isJudgedOnly(projectSchema.parse(former), project);
    });
    const isByRules = new Set(byRules);
    await inTurns(
      [...added, ...changed].filter((project) => !isByRules.has(project)),
      repositoriesAtOnce,
      (project) => apply(project, calls.get(project.name)?.change),
    );
    // A policy of the whole index changes ten thousand projects at once, and nothing of them but the way that they are judged.
    await inTurns(byRules, writesAtOnce, async (project) => {
      await apply(project, calls.get(project.name)?.change, false);
      if (calls.has(project.name) || failures.has(project.name)) return;
      // A candidate may have been blocked by the rules of before since they were read.
      const { judged } = (await projects.get(project.name)) ?? {};
      const before = knownByName.get(project.name)?.judged;
      if (judged?.outcome !== 'block' || judged.build === before?.build) return;
      calls.set(project.name, { change: 'changed' });
      await apply(project, 'changed', false);
    });
    await inTurns(deactivated, writesAtOnce, (project) => apply({ ...project, active: false }, undefined));
    return { failures, unfinished: left > 0 };
  }

  function build(push: PushTrigger, calls: Map<string, Call>) {
    const causeOf = (change: Call['change']) =>
      ({ type: 'index', delivery: push.id, commit: push.after, change }) as const;
    return announce(
      {
        id: `index:${push.id}`,
        cause: causeOf('changed'),
        roots: [...calls].map(([project, { change }]) => ({ project, cause: causeOf(change) })),
      },
      cascadeMilliseconds,
    );
  }

  /** A newer push found what this one wrote before it died, and saw nothing new in it: what this one called for is built here. */
  async function leftOver(push: PushTrigger): Promise<Planned> {
    const none = { added: [], changed: [], deactivated: [] };
    const { unfinished } = await build(push, callsOf(push, none, await projects.all()));
    return { outcome: 'ignored: a newer push of the index came before', builds: [], unfinished };
  }

  async function reportProblems(commit: string, problems: IndexProblem[]): Promise<void> {
    const mail = indexProblemMail({ repository: index.name, commit, problems, siteUrl: services.siteUrl });
    // What is right in the index is in force, mail or no mail.
    await sendNotice({ mailer: services.mailer, logger }, { to: services.operators, mail, about: { commit } });
  }

  return applyIndex;
}

interface Call {
  change: 'added' | 'changed';
}

/** The entries, by name, that a push of the index calls for a build of: also those that a try of it wrote before it died. */
function callsOf(push: PushTrigger, { added, changed }: IndexPlan, known: ProjectRecord[]): Map<string, Call> {
  const knownByName = new Map(known.map((project) => [project.name, project]));
  const calls = new Map<string, Call>();
  for (const { calledBy, active, name } of known) {
    if (active && calledBy?.delivery === push.id) calls.set(name, { change: calledBy.change });
  }
  for (const { name } of added) calls.set(name, { change: 'added' });
  for (const project of changed) {
    const before = knownByName.get(project.name);
    if (before && needsBuild(before, project, before.judged?.outcome === 'block'))
      calls.set(project.name, { change: 'changed' });
  }
  return calls;
}
