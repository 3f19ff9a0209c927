import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
  type Build,
  type BuildStatus,
  buildSchema,
  runningStatuses,
  type Stage,
  type StageName,
  type TerminalStatus,
} from '../../core/model/build.ts';
import { RecordConflictError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { monthOf } from '../../core/time/month.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { anyOf, attribute, type Change, type Expression, expression } from './expression.ts';
import { type Page, type PageRequest, pageByMonth } from './page.ts';
import { tableOf } from './table.ts';

type Fields = Partial<
  Pick<Build, 'candidate' | 'image' | 'verdict' | 'scanners' | 'changes' | 'failure' | 'startedAt' | 'supersededBy'>
>;

/** No shorter than a function that tells may run, so that nobody else tells meanwhile. */
const tellingMilliseconds = 90_000;

/** The builds table. Conditional writes see to it that a build ends once, and that no step takes it back from its end. */
export function createBuilds(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);
  const get = (id: string): Promise<Build | undefined> => table.get({ id }, buildSchema);

  /** The build as it is after the change; undefined if the condition does not hold. */
  const update = (id: string, change: Change, condition?: Expression): Promise<Build | undefined> =>
    table.updateAndGet({ id }, change, condition, buildSchema);

  const query = (index: string, keys: Expression, request: PageRequest, filter?: Expression): Promise<Page<Build>> =>
    table.page({ index, keys, filter, newestFirst: true }, request, buildSchema);

  return {
    get,

    /** @throws RecordConflictError if there is no such build */
    async require(id: string): Promise<Build> {
      const build = await get(id);
      if (!build) throw new RecordConflictError(`There is no build ${id}.`);
      return build;
    },

    /** False if the build is there already. */
    create(build: Build): Promise<boolean> {
      return table.put({ ...build, month: monthOf(new Date(build.createdAt)) }, expression`attribute_not_exists(id)`);
    },

    /**
     * Moves a build on that has not ended, and begins a stage; the first beginning counts when a step runs twice.
     * Undefined if the build is not in one of the statuses that it may come from.
     */
    begin(
      id: string,
      stage: StageName,
      status: (typeof runningStatuses)[number],
      from: readonly BuildStatus[] = runningStatuses,
    ) {
      const now = new Date().toISOString();
      return update(
        id,
        { set: { status }, setOnce: { [`stages.${stage}`]: { status: 'running', startedAt: now }, startedAt: now } },
        expression`#status IN ${anyOf(from)}`,
      );
    },

    /**
     * Ends a stage that was begun; `fields` are what it found out.
     * @throws RecordConflictError if the stage was never begun
     */
    async endStage(id: string, stage: StageName, outcome: 'succeeded' | 'failed', fields: Fields = {}): Promise<Build> {
      const ended = { [`stages.${stage}.status`]: outcome, [`stages.${stage}.endedAt`]: new Date().toISOString() };
      const begun = expression`attribute_exists(${attribute(`stages.${stage}`)})`;
      const build = await update(id, { set: { ...ended, ...fields } }, begun);
      if (!build) throw new RecordConflictError(`The stage ${stage} of build ${id} was never begun.`);
      return build;
    },

    /** Has a build do without the cache that is asked so after its record was made. */
    async forgoCache(id: string): Promise<Build> {
      const build = await update(id, { set: { noCache: true } }, expression`attribute_exists(id)`);
      if (!build) throw new RecordConflictError(`There is no build ${id}.`);
      return build;
    },

    /** Notes which run of CodeBuild's has the build; undefined if there is no such build. */
    noteCodeBuild(id: string, codeBuildId: string): Promise<Build | undefined> {
      return update(id, { set: { codeBuildId } }, expression`attribute_exists(id)`);
    },

    /**
     * Gives a build its end, and whatever stage of it still ran. Undefined if it has one already: the first end stays.
     * @param build as it was read last
     * @param from in which of the statuses it may be
     */
    close(
      build: Build,
      status: TerminalStatus,
      fields: Fields = {},
      from: readonly BuildStatus[] = runningStatuses,
    ): Promise<Build | undefined> {
      const now = new Date().toISOString();
      const outcome = stageAtEnd(status);
      const stages = Object.fromEntries(
        Object.entries(build.stages).map(([name, stage]) => [
          name,
          stage.status === 'running' ? { ...stage, status: outcome, endedAt: now } : stage,
        ]),
      );
      return update(
        build.id,
        { set: { status, endedAt: now, stages, ...fields } },
        expression`#status IN ${anyOf(from)}`,
      );
    },

    /** Takes the telling of a build's end for itself, for as long as its Lambda can run; undefined if it is told or being told. */
    claimNotification(id: string, now = new Date()): Promise<Build | undefined> {
      const tellingUntil = new Date(now.getTime() + tellingMilliseconds).toISOString();
      return update(
        id,
        {
          set: { tellingUntil },
          setOnce: { 'stages.tell': { status: 'running', startedAt: now.toISOString() } },
        },
        expression`attribute_exists(id) AND attribute_not_exists(notifiedAt) AND (attribute_not_exists(tellingUntil) OR tellingUntil < ${now.toISOString()})`,
      );
    },

    /** Gives the telling back after it went wrong, so that the next try need not wait. */
    async releaseNotification(id: string): Promise<void> {
      await table.update({ id }, { remove: ['tellingUntil'] });
    },

    async markNotified(id: string): Promise<void> {
      const now = new Date().toISOString();
      await table.update(
        { id },
        {
          set: { notifiedAt: now, 'stages.tell.status': 'succeeded', 'stages.tell.endedAt': now },
          remove: ['tellingUntil'],
        },
      );
    },

    /** Newest first, of all projects, month by month as far back as the list goes. */
    recent(request: PageRequest): Promise<Page<Build>> {
      return pageByMonth((month, part) => query('byMonth', expression`#month = ${month}`, part), request);
    },

    /** Newest first, of one project `app/job:tag`, all or those with one status. */
    ofProject(project: string, request: PageRequest, status?: BuildStatus): Promise<Page<Build>> {
      return query('byProject', expression`#project = ${project}`, request, status && expression`#status = ${status}`);
    },

    /** Newest first, of all projects. */
    withStatus(status: BuildStatus, request: PageRequest): Promise<Page<Build>> {
      return query('byStatus', expression`#status = ${status}`, request);
    },
  };
}

export type Builds = ReturnType<typeof createBuilds>;

export const openBuilds = once(() => createBuilds(documentClient(), variable('BUILDS_TABLE')));

/** What becomes of the stage that runs when a build ends: one that was taken from it neither succeeded nor failed. */
function stageAtEnd(status: TerminalStatus): Stage['status'] {
  if (status === 'superseded' || status === 'cancelled') return 'skipped';
  return status === 'failed' ? 'failed' : 'succeeded';
}
