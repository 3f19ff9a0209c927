import { declaredImages } from '../../core/cascade/dependents.ts';
import { mapConcurrently } from '../../core/concurrency.ts';
import { type IndexPlan, isJudgedOnly } from '../../core/index/plan-index.ts';
import { type Project, projectSchema } from '../../core/model/project.ts';
import type { PushTrigger } from '../../core/model/trigger.ts';
import type { Repositories } from '../../services/registry/repositories.ts';
import type { Dependents } from '../../services/tables/dependents.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';

/** ECR's rate for making repositories is low; the SDK waits and tries again, so a few at a time is the fastest. */
const repositoriesAtOnce = 4;
const writesAtOnce = 32;

export interface WriteServices {
  projects: Pick<Projects, 'get' | 'put'>;
  dependents: Pick<Dependents, 'declare'>;
  repositories: Pick<Repositories, 'ensure'>;
}

/** Why a push of the index calls for a build of an entry. */
export type Call = 'added' | 'changed';

interface IndexChange {
  push: PushTrigger;
  /** All entries of the index. */
  entries: readonly Project[];
  /** What the table had before. */
  known: readonly ProjectRecord[];
  plan: IndexPlan;
  /** The entries to be built, by name; those are added that turn out to have been blocked meanwhile. */
  calls: Map<string, Call>;
  /** When no further entry is begun. */
  deadline: number;
}

/** Writes the entries that differ. Each is written when all that belongs to it is there: what one run does not get done, the next does. */
export function createWriteEntries({ projects, dependents, repositories }: WriteServices) {
  return async function writeEntries(
    change: IndexChange,
  ): Promise<{ failures: Map<string, unknown>; unfinished: boolean }> {
    const { push, plan, calls, deadline } = change;
    const names = activeNames(change);
    const knownByName = new Map(change.known.map((project) => [project.name, project]));
    const failures = new Map<string, unknown>();
    let left = 0;

    function declare({ name, dependsOn }: Project): Promise<void> {
      const images = declaredImages(dependsOn, (parent) => names.after.has(parent));
      return dependents.declare(name, images);
    }

    /** The record comes last: by it the rest is known to be there. */
    async function put(project: Project, call?: Call): Promise<void> {
      const calledBy = call && { delivery: push.id, change: call };
      const isNewest = await projects.put(project, { indexedAt: push.receivedAt, ...(calledBy ? { calledBy } : {}) });
      const newer = isNewest ? undefined : await projects.get(project.name);
      if (newer) await declare(newer);
    }

    async function make(project: Project): Promise<void> {
      if (project.active) {
        await repositories.ensure(project);
        await declare(project);
      }
      await put(project, calls.get(project.name));
    }

    /** The entries beside one that cannot be applied are applied and built; the push is tried again for this one. */
    async function attempt(project: Project, write: () => Promise<void>): Promise<void> {
      if (Date.now() > deadline) {
        left += 1;
        return;
      }
      await write().catch((error: unknown) => failures.set(project.name, error));
    }

    /** A candidate may have been blocked by the rules of before since they were read: then it is built by those of now. */
    async function putRules(project: Project): Promise<void> {
      await attempt(project, () => put(project, calls.get(project.name)));
      if (calls.has(project.name) || failures.has(project.name)) return;
      const { judged } = (await projects.get(project.name)) ?? {};
      if (judged?.outcome !== 'block' || judged.build === knownByName.get(project.name)?.judged?.build) return;
      calls.set(project.name, 'changed');
      await attempt(project, () => put(project, 'changed'));
    }

    const byRules = new Set(plan.changed.filter((project) => isByRules(knownByName.get(project.name), project)));
    const others = [...plan.added, ...plan.changed].filter((project) => !byRules.has(project));
    await mapConcurrently(unchangedWithOtherParents(change, names), writesAtOnce, declare);
    await mapConcurrently(others, repositoriesAtOnce, (project) => attempt(project, () => make(project)));
    // A policy of the whole index changes ten thousand projects at once, and nothing of them but the way that they are judged.
    await mapConcurrently([...byRules], writesAtOnce, putRules);
    await mapConcurrently(plan.deactivated, writesAtOnce, (project) =>
      attempt(project, () => put({ ...project, active: false })),
    );
    return { failures, unfinished: left > 0 };
  };
}

/** Those that are in force before a change of the index and after it. */
interface ActiveNames {
  before: ReadonlySet<string>;
  after: ReadonlySet<string>;
}

function activeNames({ known, entries, plan }: IndexChange): ActiveNames {
  const before = new Set(known.filter(({ active }) => active).map(({ name }) => name));
  const after = new Set([...before, ...entries.map(({ name }) => name)]);
  for (const { name } of plan.deactivated) after.delete(name);
  return { before, after };
}

/** Where a parent has come into the index or left it, another image is meant by its name. */
function unchangedWithOtherParents({ entries, plan }: IndexChange, { before, after }: ActiveNames): Project[] {
  const written = new Set([...plan.added, ...plan.changed].map(({ name }) => name));
  const isMoved = (parent: string) => before.has(parent) !== after.has(parent);
  return entries.filter(({ name, dependsOn }) => !written.has(name) && dependsOn.some(isMoved));
}

/** Whether nothing but the rules differs that an entry is judged by. */
function isByRules(before: ProjectRecord | undefined, after: Project): boolean {
  return before !== undefined && isJudgedOnly(projectSchema.parse(before), after);
}
