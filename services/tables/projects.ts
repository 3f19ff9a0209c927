import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { type NamedBase, namedBaseSchema } from '../../core/bases/base-status.ts';
import { type Build, isReleasable } from '../../core/model/build.ts';
import { RecordConflictError, ReleaseBusyError } from '../../core/model/errors.ts';
import { type PlacedHold, placedHoldSchema } from '../../core/model/hold.ts';
import { type Project, projectSchema } from '../../core/model/project.ts';
import { once } from '../../core/once.ts';
import { nextExpiryWarning } from '../../core/policy/waiver-expiry.ts';
import { firstDueAt } from '../../core/triggers/schedule.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { and, type Expression, expression } from './expression.ts';
import type { Page, PageRequest } from './page.ts';
import { tableOf } from './table.ts';

/** A project, and what the pipeline records about it. */
export const projectRecordSchema = projectSchema.extend({
  /** How many builds the project has had. */
  sequence: z.int().default(0),
  /** The last build of a branch or a version tag: pull requests, which anyone may open, say nothing about the project. */
  lastBuild: z.string().optional(),
  /** The release that the floating tags name. */
  released: z
    .object({
      build: z.string(),
      /** The branch that was released. */
      ref: z.string().optional(),
      headRevision: z.int().optional(),
      digest: z.string(),
      tags: z.array(z.string()),
      at: z.string(),
    })
    .optional(),
  /** The last head of the index that required a build of this entry. If it was not applied to its end, the build is still to be started. */
  requiredBy: z
    .object({
      /** The revision of that head. */
      revision: z.int(),
      commit: z.string(),
      change: z.enum(['added', 'changed']),
      keys: z.array(z.string()).optional(),
      /** How many builds the project had before. */
      sequence: z.int(),
    })
    .optional(),
  /** The base images of the newest build of the branch, and that build's sequence number. */
  bases: z.array(namedBaseSchema).optional(),
  basesSequence: z.int().optional(),
  /** The revision of the head of the index that last wrote the entry. */
  indexRevision: z.int().optional(),
  /** The verdict on the newest judged candidate of the branch, with the sequence number of its build. */
  judged: z.object({ build: z.string(), outcome: z.enum(['pass', 'block']), sequence: z.int() }).optional(),
  /** The hold that a command or a rollback placed; the entry may have one of its own. */
  held: placedHoldSchema.optional(),
  /** The build that is setting tags at this moment, and until when its claim holds. */
  releasing: z.object({ build: z.string(), until: z.string() }).optional(),
});

type JudgedBuild = Pick<Build, 'id' | 'project' | 'sequence'>;
type PutOptions = Pick<ProjectRecord, 'requiredBy' | 'indexRevision'> & {
  /** No such project was known a moment ago. */
  isNew?: boolean;
};
export type ProjectRecord = z.infer<typeof projectRecordSchema>;

/** Longer than the release function may run, so that no claim expires while its holder still works. */
const claimMinutes = 16;
const fieldsOfEntry = Object.keys(projectSchema.omit({ name: true }).shape);
const numberedSchema = z.object({ sequence: z.int() });

/**
 * The fields that say when to warn about the end of an exception. The index `byWaiverExpiry` has the first two. The last is the claim of
 * the function that sends the warning; a new entry removes it (services/tables/waiver-warnings.ts).
 */
const noWarning = { excepting: undefined, warnAt: undefined, warning: undefined };

/** The fields that say which problem the last build ended with. The index `byProblem` has both (services/tables/project-problems.ts). */
const noProblem = { problem: undefined, problemAt: undefined };

const dueProjectSchema = z.object({ name: z.string(), schedule: z.string(), dueAt: z.iso.datetime() });
export type DueProject = z.infer<typeof dueProjectSchema>;

const privateProjectSchema = projectSchema.pick({ name: true, visibility: true, viewers: true, notifyEmail: true });
const privateFields = Object.keys(privateProjectSchema.shape);
export type PrivateProject = z.infer<typeof privateProjectSchema>;

/** The projects table. */
export function createProjects(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);
  const get = (name: string): Promise<ProjectRecord | undefined> => table.get({ name }, projectRecordSchema);

  return {
    get,

    /** The projects that exist. */
    getMany(names: readonly string[]): Promise<ProjectRecord[]> {
      const keys = [...new Set(names)].map((name) => ({ name }));
      return table.getMany(keys, projectRecordSchema);
    },

    async all(): Promise<ProjectRecord[]> {
      const projects: ProjectRecord[] = [];
      for await (const project of table.scan({}, projectRecordSchema)) projects.push(project);
      return projects;
    },

    /** The projects whose name begins so, by name. */
    list(start: string, request: PageRequest): Promise<Page<ProjectRecord>> {
      // DynamoDB refuses an empty value for a key.
      const keys = start
        ? expression`listed = ${'yes'} AND begins_with(#name, ${start})`
        : expression`listed = ${'yes'}`;
      return table.page({ index: 'byName', keys }, request, projectRecordSchema);
    },

    /** The projects whose job's name begins so, by that name. */
    listJobs(start: string, request: PageRequest): Promise<Page<ProjectRecord>> {
      const keys = expression`listed = ${'yes'} AND begins_with(jobId, ${start})`;
      return table.page({ index: 'byJob', keys }, request, projectRecordSchema);
    },

    /** The private projects with who may see them, also those that have left the index. */
    listPrivate(): Promise<PrivateProject[]> {
      const keys = expression`visibility = ${'private'}`;
      return table.all({ index: 'byVisibility', keys, fields: privateFields }, privateProjectSchema);
    },

    /** The projects that are built from a repository (`host/owner/repository`). */
    bySource(source: string): Promise<ProjectRecord[]> {
      return table.all({ index: 'bySource', keys: expression`#source = ${source}` }, projectRecordSchema);
    },

    /**
     * Writes a project's entry of the index; what the pipeline records about the project stays.
     * @param from the head of the index that writes the entry, and the build that it requires
     * @returns false if a newer head of the index has written the entry: then nothing is changed
     */
    async put(project: Project, { isNew, ...from }: PutOptions = {}, now = new Date()): Promise<boolean> {
      const { name, ...fields } = projectSchema.parse(project);
      const cleared = Object.fromEntries(fieldsOfEntry.map((field) => [field, undefined]));
      const schedule = project.active ? project.schedule : undefined;
      const warnAt = project.active ? nextExpiryWarning(project) : undefined;
      const warning = { ...noWarning, warnAt, excepting: warnAt && 'yes' };
      const left = project.active ? {} : noProblem;
      const entry = { listed: 'yes', ...cleared, ...fields, ...from, ...warning, ...left };
      const isNewest =
        from.indexRevision === undefined
          ? undefined
          : expression`attribute_not_exists(indexRevision) OR indexRevision <= ${from.indexRevision}`;
      const write = (set: Record<string, unknown>, isNewSchedule?: Expression) =>
        table.update({ name }, { set }, and(isNewest, isNewSchedule));
      const dueAt = schedule && firstDueAt(schedule, now);
      // The index `byDueTime` has the last two.
      const due = { dueFor: schedule, dueAt, scheduled: dueAt && 'yes' };
      // Most entries of a large index are new at once, and DynamoDB has nothing to remove from what is not there.
      if (isNew && (await table.update({ name }, { set: defined({ ...entry, ...due }) }, isAbsent))) return true;
      if (!schedule) return write({ ...entry, ...due });
      // Only a new schedule gets a due time; one that the entry had before keeps its own.
      const isNewSchedule = expression`attribute_not_exists(dueFor) OR dueFor <> ${schedule}`;
      return (await write({ ...entry, ...due }, isNewSchedule)) || write(entry);
    },

    /** The projects whose scheduled time has come, page by page. */
    due(now: Date): AsyncGenerator<DueProject[]> {
      const keys = expression`scheduled = ${'yes'} AND dueAt <= ${now.toISOString()}`;
      return table.pages({ index: 'byDueTime', keys }, dueProjectSchema);
    },

    /** Sets when a project is due again, if its due time has not changed since it was read; undefined for never. */
    async setDue({ name, dueAt }: DueProject, next: string | undefined): Promise<void> {
      // `dueFor` stays, so that the next push of the index does not take the schedule for a new one and start a build again.
      await table.update({ name }, { set: { dueAt: next, scheduled: next && 'yes' } }, expression`dueAt = ${dueAt}`);
    },

    /** Records the base images of a build. False if a newer build has recorded its own. */
    recordBases(name: string, bases: readonly NamedBase[], sequence: number): Promise<boolean> {
      return table.update(
        { name },
        { set: { bases, basesSequence: sequence } },
        expression`attribute_exists(#name) AND (attribute_not_exists(basesSequence) OR basesSequence <= ${sequence})`,
      );
    },

    /**
     * The number of the project's next build, which is recorded only now: until then its project may name a build that is not there.
     * @throws RecordConflictError if there is no such project
     */
    async nextSequence(name: string, { id, ref }: Pick<Build, 'id' | 'ref'>): Promise<number> {
      const exists = expression`attribute_exists(#name)`;
      const change = { add: { sequence: 1 }, set: isReleasable(ref) ? { lastBuild: id, ...noProblem } : {} };
      const numbered = await table.updateAndGet({ name }, change, exists, numberedSchema);
      if (!numbered) throw noProject(name);
      return numbered.sequence;
    },

    /**
     * Records the verdict on a candidate of the branch.
     * @returns the project after the change; undefined if a newer candidate has a verdict already
     */
    recordVerdict(
      { id, project, sequence }: JudgedBuild,
      outcome: 'pass' | 'block',
    ): Promise<ProjectRecord | undefined> {
      return table.updateAndGet(
        { name: project },
        { set: { judged: { build: id, outcome, sequence } } },
        expression`attribute_exists(#name) AND (attribute_not_exists(judged) OR judged.#sequence <= ${sequence})`,
        projectRecordSchema,
      );
    },

    /**
     * Claims the project's tags for one build: as long as it holds the claim, no other build releases to the repository.
     * @throws ReleaseBusyError while another build holds the claim
     */
    async claimRelease(name: string, build: string, now = new Date()): Promise<ProjectRecord> {
      const until = new Date(now.getTime() + claimMinutes * 60_000).toISOString();
      const claimed = await table.updateAndGet(
        { name },
        { set: { releasing: { build, until } } },
        expression`attribute_exists(#name) AND (attribute_not_exists(releasing) OR releasing.#until < ${now.toISOString()} OR releasing.#build = ${build})`,
        projectRecordSchema,
      );
      if (claimed) return claimed;
      const project = await get(name);
      if (!project) throw noProject(name);
      throw new ReleaseBusyError(`Build ${project.releasing?.build} is releasing ${name} at this moment.`);
    },

    /** Releases the claim if the build holds it, and records no release. */
    async yieldRelease(name: string, build: string): Promise<void> {
      await table.update({ name }, { remove: ['releasing'] }, isReleasing(build));
    },

    /** Records a release of the tracked branch and releases the claim. False if the build no longer holds it. */
    finishRelease(name: string, release: NonNullable<ProjectRecord['released']>): Promise<boolean> {
      return table.update({ name }, { set: { released: release }, remove: ['releasing'] }, isReleasing(release.build));
    },

    /** Records the release that a rollback went back to, and releases the claim. False if the rollback no longer holds it. */
    finishRollback(name: string, rollback: string, release: NonNullable<ProjectRecord['released']>): Promise<boolean> {
      return table.update({ name }, { set: { released: release }, remove: ['releasing'] }, isReleasing(rollback));
    },

    /** Places a hold, instead of one that a command placed before. False if there is no such project. */
    hold(name: string, held: PlacedHold): Promise<boolean> {
      return table.update({ name }, { set: { held } }, expression`attribute_exists(#name)`);
    },

    /** Ends the hold that a command placed, unless another one was placed since it was read. */
    async unhold(name: string, { id }: Pick<PlacedHold, 'id'>): Promise<void> {
      await table.update({ name }, { remove: ['held'] }, expression`held.id = ${id}`);
    },
  };
}

const isAbsent = expression`attribute_not_exists(#name)`;
const defined = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
const isReleasing = (build: string) => expression`releasing.#build = ${build}`;
const noProject = (name: string) => new RecordConflictError(`There is no project ${name}.`);

export type Projects = ReturnType<typeof createProjects>;

export const openProjects = once(() => createProjects(documentClient(), variable('PROJECTS_TABLE')));
