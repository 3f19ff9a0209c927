import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import {
  type Build,
  type BuildStatus,
  buildSchema,
  runningStatuses,
  type Stage,
  type StageName,
  type TerminalStatus,
  type Waiting,
} from '../../core/model/build.ts';
import type { BuildCost } from '../../core/model/build-cost.ts';
import { RecordConflictError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { monthOf } from '../../core/time/month.ts';
import { variable } from '../environment.ts';
import { createBuildLists, outcomeOf, shortCommit } from './build-lists.ts';
import { documentClient } from './dynamodb.ts';
import { anyOf, attribute, type Change, type Expression, expression } from './expression.ts';
import type { Page, PageRequest } from './page.ts';
import { tableOf } from './table.ts';

type Fields = Partial<
  Pick<
    Build,
    | 'authored'
    | 'cacheUse'
    | 'candidate'
    | 'image'
    | 'verdict'
    | 'scanners'
    | 'changes'
    | 'held'
    | 'failure'
    | 'startedAt'
    | 'supersededBy'
  >
>;

const queuedBuildSchema = buildSchema.pick({ id: true, project: true, createdAt: true });
export type QueuedBuild = z.infer<typeof queuedBuildSchema>;

const withTokensSchema = buildSchema.extend({ tokens: z.set(z.string()).default(new Set()) });
type BuildWithTokens = z.infer<typeof withTokensSchema>;
const scanTokenSchema = z.object({ scanToken: z.string().optional() });

/** At least as long as the function `tell` may run, so that no other one notifies at the same time. */
const notifyingMilliseconds = 90_000;

/** The builds table. Conditional writes ensure that a build ends once, and that no step reopens it after its end. */
export function createBuilds(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);
  const get = (id: string): Promise<Build | undefined> => table.get({ id }, buildSchema);

  /** The build as it is after the change; undefined if the condition does not hold. */
  const update = (id: string, change: Change, condition?: Expression): Promise<Build | undefined> =>
    table.updateAndGet({ id }, change, condition, buildSchema);

  return {
    ...createBuildLists(table),

    get,

    /** The builds that exist, as lists show them: what was written less than a second ago may be missing, at half the price. */
    getMany(ids: readonly string[]): Promise<Build[]> {
      return table.getMany(
        ids.map((id) => ({ id })),
        buildSchema,
        { consistent: false },
      );
    },

    /** @throws RecordConflictError if there is no such build */
    async require(id: string): Promise<Build> {
      const build = await get(id);
      if (!build) throw new RecordConflictError(`There is no build ${id}.`);
      return build;
    },

    /** False if the build is there already. */
    create(build: Build): Promise<boolean> {
      const { project, status, commit, createdAt } = build;
      const outcome = outcomeOf(project, status);
      const keys = { month: monthOf(new Date(createdAt)), shortCommit: shortCommit(commit), outcome };
      return table.put({ ...build, ...keys }, expression`attribute_not_exists(id)`);
    },

    /**
     * Gives a build that has not ended its next status, and begins a stage. If a step runs twice, the stage keeps its first start time.
     * Undefined if the build has none of the statuses `from`.
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
     * Ends a stage that was begun; `fields` are its results.
     * @throws RecordConflictError if the stage was never begun
     */
    async endStage(id: string, stage: StageName, outcome: 'succeeded' | 'failed', fields: Fields = {}): Promise<Build> {
      const ended = { [`stages.${stage}.status`]: outcome, [`stages.${stage}.endedAt`]: new Date().toISOString() };
      const begun = expression`attribute_exists(${attribute(`stages.${stage}`)})`;
      const build = await update(id, { set: { ...ended, ...fields } }, begun);
      if (!build) throw new RecordConflictError(`The stage ${stage} of build ${id} was never begun.`);
      return build;
    },

    /** Records the hash of a token that the build's run was given: it is not part of the build that pages and mails show. */
    async addToken(id: string, hash: string): Promise<void> {
      const isKnown = await table.update(
        { id },
        { add: { tokens: new Set([hash]) } },
        expression`attribute_exists(id)`,
      );
      if (!isKnown) throw new RecordConflictError(`There is no build ${id}.`);
    },

    /** A build with the hashes of its tokens. */
    getWithTokens(id: string): Promise<BuildWithTokens | undefined> {
      return table.get({ id }, withTokensSchema);
    },

    /** Records the token of the state that waits for the scan of the candidate. Undefined if there is no such build. */
    awaitScan(id: string, token: string): Promise<Build | undefined> {
      return update(id, { set: { scanToken: token } }, expression`attribute_exists(id)`);
    },

    /** The token of the state that waits, or waited, for the scan of the build's candidate. */
    async scanTokenOf(id: string): Promise<string | undefined> {
      return (await table.get({ id }, scanTokenSchema))?.scanToken;
    },

    /** Puts a build that could not run back to those that wait. Undefined if it has ended. */
    wait(id: string, waiting: Waiting): Promise<Build | undefined> {
      return update(
        id,
        { set: { status: 'queued', waiting }, remove: ['stages.build'] },
        expression`#status IN ${anyOf(runningStatuses)}`,
      );
    },

    /** Makes a build that is already recorded run without the cache. */
    async forgoCache(id: string): Promise<Build> {
      const build = await update(id, { set: { noCache: true } }, expression`attribute_exists(id)`);
      if (!build) throw new RecordConflictError(`There is no build ${id}.`);
      return build;
    },

    /** Records a CodeBuild build that runs this build; undefined if there is no such build. */
    recordCodeBuild(id: string, codeBuildId: string): Promise<Build | undefined> {
      return update(id, { add: { codeBuildIds: new Set([codeBuildId]) } }, expression`attribute_exists(id)`);
    },

    /**
     * Ends a build and the stages of it that still run. Undefined if it has ended already: the first end stays.
     * @param build as it was last read
     * @param from the statuses that it may have
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
        { set: { status, outcome: outcomeOf(build.project, status), endedAt: now, stages, ...fields } },
        expression`#status IN ${anyOf(from)}`,
      );
    },

    /** Claims the notification of a build's end, for as long as the Lambda can run; undefined if it is sent, or another one holds the claim. */
    claimNotification(id: string, now = new Date()): Promise<Build | undefined> {
      const notifyingUntil = new Date(now.getTime() + notifyingMilliseconds).toISOString();
      return update(
        id,
        {
          set: { notifyingUntil },
          setOnce: { 'stages.tell': { status: 'running', startedAt: now.toISOString() } },
        },
        expression`attribute_exists(id) AND attribute_not_exists(notifiedAt) AND (attribute_not_exists(notifyingUntil) OR notifyingUntil < ${now.toISOString()})`,
      );
    },

    /** Releases the claim after a failure, so that the next attempt need not wait. */
    async releaseNotification(id: string): Promise<void> {
      await table.update({ id }, { remove: ['notifyingUntil'] });
    },

    /** @param cost what the build cost, which is known now */
    async markNotified(id: string, cost: BuildCost): Promise<void> {
      const now = new Date().toISOString();
      await table.update(
        { id },
        {
          set: { notifiedAt: now, cost, 'stages.tell.status': 'succeeded', 'stages.tell.endedAt': now },
          remove: ['notifyingUntil'],
        },
      );
    },

    /** Those of one project that wait to begin or have just begun, the newest first. */
    queuedOf(project: string, request: PageRequest): Promise<Page<Build>> {
      const queued = expression`#status = ${'queued' satisfies BuildStatus}`;
      const filter = { condition: queued, position: ['project', 'createdAt', 'id'] };
      const keys = expression`#project = ${project}`;
      return table.page({ index: 'byProject', keys, filter, newestFirst: true }, request, buildSchema);
    },

    /**
     * Those that wait to begin, of all projects, the oldest first. A build with a token has begun, though it may wait for its machine; and
     * one that waits for something else goes on by itself.
     */
    oldestQueued(request: PageRequest): Promise<Page<QueuedBuild>> {
      const keys = expression`#status = ${'queued' satisfies BuildStatus}`;
      const condition = expression`attribute_not_exists(tokens) AND attribute_not_exists(waiting)`;
      const position = ['status', 'createdAt', 'id'];
      const filter = { condition, position };
      return table.page(
        { index: 'byStatus', keys, filter, fields: ['project', ...position] },
        request,
        queuedBuildSchema,
      );
    },
  };
}

export type Builds = ReturnType<typeof createBuilds>;

export const openBuilds = once(() => createBuilds(documentClient(), variable('BUILDS_TABLE')));

/** The outcome of a stage that is still running when its build ends: if the build was stopped, it neither succeeded nor failed. */
function stageAtEnd(status: TerminalStatus): Stage['status'] {
  if (status === 'superseded' || status === 'cancelled') return 'skipped';
  return status === 'failed' ? 'failed' : 'succeeded';
}
