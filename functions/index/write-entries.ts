import { declaredImages } from '../../core/cascade/dependents.ts';
import { inBatches, mapConcurrently } from '../../core/concurrency.ts';
import { indexHoldTrigger } from '../../core/holds/hold.ts';
import { activeNames, withMovedParents } from '../../core/index/active-names.ts';
import { type Requirement, requirementOf } from '../../core/index/entries-to-build.ts';
import { type IndexPlan, isJudgedOnly } from '../../core/index/plan-index.ts';
import { getsMails, type Project, projectSchema } from '../../core/model/project.ts';
import type { Triggers } from '../../services/aws/triggers.ts';
import type { Dependents } from '../../services/tables/dependents.ts';
import type { IndexHead } from '../../services/tables/index-head.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';
import type { Recipients } from '../mail/recipients.ts';

const writesAtOnce = 32;
/** What is known of so many entries is read at once. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const entriesAtOnce = 100;
const holdDelaySeconds = 2;

export interface WriteServices {
  projects: Pick<Projects, 'get' | 'put'>;
  dependents: Pick<Dependents, 'declare' | 'declareFirst' | 'declaredFor'>;
  recipients: Pick<Recipients, 'ask'>;
  triggers: Pick<Triggers, 'send'>;
}

interface IndexChange {
  head: IndexHead;
  /** All entries of the index. */
  entries: readonly Project[];
  /** The projects of the table, as they were before. */
  known: readonly ProjectRecord[];
  plan: IndexPlan;
  /** The entries to be built, by name. `writeEntries` adds those that were blocked in the meantime. */
  toBuild: Map<string, Requirement>;
  /** No entry is begun after this, in milliseconds since the epoch. */
  deadline: number;
}

/** Writes the entries that differ. Each record is written after all that belongs to it, so that the next run does what this one could not. */
export function createWriteEntries({ projects, dependents, recipients, triggers }: WriteServices) {
  return async function writeEntries(
    change: IndexChange,
  ): Promise<{ failures: Map<string, unknown>; isLate: boolean }> {
    const { head, plan, toBuild, deadline } = change;
    const names = activeNames(change);
    const knownByName = new Map(change.known.map((project) => [project.name, project]));
    const failures = new Map<string, unknown>();
    let isLate = false;

    const imagesOf = ({ dependsOn }: Project) => declaredImages(dependsOn, (parent) => names.after.has(parent));

    function declare(project: Project, before: ReadonlyMap<string, string[]>): Promise<void> {
      return dependents.declare(project.name, imagesOf(project), before.get(project.name) ?? []);
    }

    async function declareAll(projects: readonly Project[]): Promise<void> {
      const before = await dependents.declaredFor(projects.map(({ name }) => name));
      await mapConcurrently(projects, writesAtOnce, (project) => declare(project, before));
    }

    /**
     * What is new is declared together, in a fraction of the calls: no build of it can record meanwhile what it used. False if one of it
     * cannot be: then each is declared by itself.
     */
    async function declareNew(projects: readonly Project[]): Promise<boolean> {
      const declaring = dependents.declareFirst(new Map(projects.map((project) => [project.name, imagesOf(project)])));
      return declaring.then(
        () => true,
        () => false,
      );
    }

    /** Whether an entry differs only in the rules that it is judged by. */
    function isByRules(project: Project): boolean {
      const known = knownByName.get(project.name);
      return known !== undefined && isJudgedOnly(projectSchema.parse(known), project);
    }

    /** Written last: the record shows that the edges exist. */
    async function put(project: Project, requirement?: Requirement): Promise<void> {
      const known = knownByName.get(project.name);
      const held = project.active && indexHoldTrigger(known, project, head);
      // The planner waits until the entry is written.
      if (held) await triggers.send(held, holdDelaySeconds);
      const sequence = known?.sequence ?? 0;
      const requiredBy = requirement && { ...requirement, sequence };
      const from = { indexRevision: head.revision, requiredBy, isNew: known === undefined };
      const isNewest = await projects.put(project, from);
      const newer = isNewest ? undefined : await projects.get(project.name);
      if (newer) await declareAll([newer]);
    }

    async function writeWhole(projects: readonly Project[]): Promise<void> {
      const before = await dependents.declaredFor(projects.map(({ name }) => name));
      // Their addresses are asked now, so that they can get the mails about the first builds.
      await recipients.ask(projects.filter(getsMails));
      const isNew = ({ name }: Project) => !knownByName.has(name) && !before.has(name);
      const isDeclared = await declareNew(projects.filter(isNew));
      await mapConcurrently(projects, writesAtOnce, (project) =>
        attempt(project, async () => {
          if (!isDeclared || !isNew(project)) await declare(project, before);
          await put(project, toBuild.get(project.name));
        }),
      );
    }

    /** If one entry cannot be written, the others are still written and built; the trigger is retried for this one. */
    async function attempt(project: Project, write: () => Promise<void>): Promise<void> {
      isLate ||= Date.now() > deadline;
      if (!isLate) await write().catch((error: unknown) => failures.set(project.name, error));
    }

    /** If the old rules blocked a candidate after the projects were read, the project is built again under the new rules. */
    async function putRules(project: Project): Promise<void> {
      await attempt(project, () => put(project, toBuild.get(project.name)));
      if (toBuild.has(project.name) || failures.has(project.name)) return;
      const { judged } = (await projects.get(project.name)) ?? {};
      if (judged?.outcome !== 'block' || judged.build === knownByName.get(project.name)?.judged?.build) return;
      const requirement = requirementOf(head, 'changed');
      toBuild.set(project.name, requirement);
      await attempt(project, () => put(project, requirement));
    }

    const byRules = new Set(plan.changed.filter((project) => isByRules(project)));
    const others = [...plan.added, ...plan.changed].filter((project) => !byRules.has(project));
    for (const batch of inBatches(withMovedParents(change, names), entriesAtOnce)) await declareAll(batch);
    for (const batch of inBatches(others, entriesAtOnce)) if (!isLate) await writeWhole(batch);
    // A new policy of the whole index changes ten thousand projects at once, but only their rules.
    await mapConcurrently([...byRules], writesAtOnce, putRules);
    await mapConcurrently(plan.deactivated, writesAtOnce, (project) =>
      attempt(project, () => put({ ...project, active: false })),
    );
    return { failures, isLate };
  };
}
