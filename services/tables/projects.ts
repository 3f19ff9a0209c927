import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { type NamedBase, namedBaseSchema } from '../../core/bases/base-status.ts';
import type { Build } from '../../core/model/build.ts';
import { RecordConflictError, ReleaseBusyError } from '../../core/model/errors.ts';
import { type Project, projectSchema } from '../../core/model/project.ts';
import { once } from '../../core/once.ts';
import { nextEnding } from '../../core/policy/waiver-expiry.ts';
import { firstDueAt } from '../../core/triggers/schedule.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { and, type Expression, expression } from './expression.ts';
import { tableOf } from './table.ts';

/** A project with what the pipeline has done for it. */
export const projectRecordSchema = projectSchema.extend({
  /** How many builds the project has had. */
  sequence: z.int().default(0),
  /** The release that the floating tags name, and the place of its build among the project's. */
  released: z
    .object({
      build: z.string(),
      /** The branch that it is of. */
      ref: z.string().optional(),
      sequence: z.int(),
      headAt: z.string().optional(),
      digest: z.string(),
      tags: z.array(z.string()),
      at: z.string(),
    })
    .optional(),
  /** The push of the index that called for a build of this entry last: a second try of that push knows by it what the first began. */
  calledBy: z.object({ delivery: z.string(), change: z.enum(['added', 'changed']) }).optional(),
  /** What the newest build of the branch was seen to stand on, and that build's place among the project's. */
  bases: z.array(namedBaseSchema).optional(),
  basesSequence: z.int().optional(),
  /** When the push of the index came that the entry was written by last. */
  indexedAt: z.iso.datetime().optional(),
  /** What became of the newest candidate of the branch that was judged, and its build's place among the project's. */
  judged: z.object({ build: z.string(), outcome: z.enum(['pass', 'block']), sequence: z.int() }).optional(),
  /** Who puts tags on at this moment, and until when the claim holds. */
  releasing: z.object({ build: z.string(), until: z.string() }).optional(),
});

type JudgedBuild = Pick<Build, 'id' | 'project' | 'sequence'>;
type PutOptions = Pick<ProjectRecord, 'calledBy' | 'indexedAt'>;
export type ProjectRecord = z.infer<typeof projectRecordSchema>;

/** Longer than the release function may run, so that a claim outlives its holder and nobody else's. */
const claimMinutes = 16;
const fieldsOfEntry = Object.keys(projectSchema.omit({ name: true }).shape);
const numberedSchema = z.object({ sequence: z.int() });

/**
 * What says when people are to be told that an exception ends: the index `byWaiverExpiry` has the first two, and the last is the claim of
 * who tells them, which a new entry takes away (services/tables/waiver-warnings.ts).
 */
const noEnding = { excepting: undefined, warnAt: undefined, warning: undefined };

/** What says when a project is due: the index `byDueTime` has the first two, and the last is the schedule that they are of. */
const notDue = { scheduled: undefined, dueAt: undefined, dueFor: undefined };
const dueProjectSchema = z.object({ name: z.string(), schedule: z.string(), dueAt: z.iso.datetime() });
export type DueProject = z.infer<typeof dueProjectSchema>;

/** The projects table. */
export function createProjects(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);
  const get = (name: string): Promise<ProjectRecord | undefined> => table.get({ name }, projectRecordSchema);

  return {
    get,

    /** Those of the projects that are known. */
    getMany(names: readonly string[]): Promise<ProjectRecord[]> {
      const keys = [...new Set(names)].map((name) => ({ name }));
      return table.getMany(keys, projectRecordSchema);
    },

    async all(): Promise<ProjectRecord[]> {
      const projects: ProjectRecord[] = [];
      for await (const project of table.scan({}, projectRecordSchema)) projects.push(project);
      return projects;
    },

    /** The projects that are built from a repository (`host/owner/repository`). */
    bySource(source: string): Promise<ProjectRecord[]> {
      return table.all({ index: 'bySource', keys: expression`#source = ${source}` }, projectRecordSchema);
    },

    /**
     * Writes what the index says of a project; what the pipeline keeps beside it stays.
     * @param from the push of the index that calls for a build of it, and when the index said so
     * @returns false if a newer index has written it: then nothing is changed
     */
    async put(project: Project, from: PutOptions = {}, now = new Date()): Promise<boolean> {
      const { name, ...fields } = projectSchema.parse(project);
      const unsaid = Object.fromEntries(fieldsOfEntry.map((field) => [field, undefined]));
      const schedule = project.active ? project.schedule : undefined;
      const warnAt = project.active ? nextEnding(project) : undefined;
      const said = { ...unsaid, ...fields, ...from, ...noEnding, warnAt, excepting: warnAt && 'yes' };
      const isNewest =
        from.indexedAt === undefined
          ? undefined
          : expression`attribute_not_exists(indexedAt) OR indexedAt <= ${from.indexedAt}`;
      const write = (set: Record<string, unknown>, isNew?: Expression) =>
        table.update({ name }, { set }, and(isNewest, isNew));
      if (!schedule) return write({ ...said, ...notDue });
      // A schedule that is new begins to run; one that the entry had before goes on as it was.
      const dueAt = firstDueAt(schedule, now);
      const due = { dueFor: schedule, dueAt, scheduled: dueAt && 'yes' };
      const isNew = expression`attribute_not_exists(dueFor) OR dueFor <> ${schedule}`;
      return (await write({ ...said, ...due }, isNew)) || write(said);
    },

    /** Of the projects with a schedule, those whose hour has come; each page as it is read. */
    due(now: Date): AsyncGenerator<DueProject[]> {
      const keys = expression`scheduled = ${'yes'} AND dueAt <= ${now.toISOString()}`;
      return table.pages({ index: 'byDueTime', keys }, dueProjectSchema);
    },

    /** Says when a project is due again, if it still is due as it was read; undefined for never. */
    async setDue({ name, dueAt }: DueProject, next: string | undefined): Promise<void> {
      // With `dueFor` left, the next push of the index does not have it fire once more.
      await table.update({ name }, { set: { dueAt: next, scheduled: next && 'yes' } }, expression`dueAt = ${dueAt}`);
    },

    /** Notes what a build was seen to stand on. False if a newer build has said it already. */
    noteBases(name: string, bases: readonly NamedBase[], sequence: number): Promise<boolean> {
      return table.update(
        { name },
        { set: { bases, basesSequence: sequence } },
        expression`attribute_exists(#name) AND (attribute_not_exists(basesSequence) OR basesSequence <= ${sequence})`,
      );
    },

    /**
     * The number of the project's next build.
     * @throws RecordConflictError if there is no such project
     */
    async nextSequence(name: string): Promise<number> {
      const exists = expression`attribute_exists(#name)`;
      const numbered = await table.updateAndGet({ name }, { add: { sequence: 1 } }, exists, numberedSchema);
      if (!numbered) throw noProject(name);
      return numbered.sequence;
    },

    /**
     * Notes the verdict on a candidate of the branch, unless a newer one has been judged.
     * @returns the project as it is by now
     */
    noteVerdict({ id, project, sequence }: JudgedBuild, outcome: 'pass' | 'block'): Promise<ProjectRecord | undefined> {
      return table.updateAndGet(
        { name: project },
        { set: { judged: { build: id, outcome, sequence } } },
        expression`attribute_exists(#name) AND (attribute_not_exists(judged) OR judged.#sequence <= ${sequence})`,
        projectRecordSchema,
      );
    },

    /**
     * Takes the project's tags for one build: as long as it has them, nobody else releases to the repository.
     * @throws ReleaseBusyError while another build holds them
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

    /** Gives the tags free if the build holds them, and records nothing. */
    async yieldRelease(name: string, build: string): Promise<void> {
      await table.update({ name }, { remove: ['releasing'] }, isReleasing(build));
    },

    /** Records a release of the tracked branch and gives the tags free. False if the build does not hold them any more. */
    finishRelease(name: string, release: NonNullable<ProjectRecord['released']>): Promise<boolean> {
      return table.update({ name }, { set: { released: release }, remove: ['releasing'] }, isReleasing(release.build));
    },
  };
}

const isReleasing = (build: string) => expression`releasing.#build = ${build}`;
const noProject = (name: string) => new RecordConflictError(`There is no project ${name}.`);

export type Projects = ReturnType<typeof createProjects>;

export const openProjects = once(() => createProjects(documentClient(), variable('PROJECTS_TABLE')));
