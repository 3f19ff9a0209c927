import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { BuildSelection } from '../../core/builds/build-selection.ts';
import {
  type Build,
  type BuildStatus,
  buildSchema,
  isTerminal,
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
import { documentClient } from './dynamodb.ts';
import { and, anyOf, attribute, type Change, type Expression, expression } from './expression.ts';
import { type Page, type PageRequest, pageByMonth } from './page.ts';
import { type Filter, tableOf } from './table.ts';

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

const costedSchema = buildSchema.pick({ project: true, cost: true });

/** The builds that are counted, by the month in which they began, `2026-11`. */
export interface CostSelection {
  month: string;
  project?: string | undefined;
}

/** What some builds of a project cost. */
export type ProjectCost = Omit<BuildCost, 'pricesOf'> & { project: string; builds: number };

/** So many of a commit's digits are enough to search for it. */
const shortCommit = (commit: string): string => commit.slice(0, 7);

/** What the index `byOutcome` has of a build that has ended; undefined for one that runs. */
const outcomeOf = (project: string, status: BuildStatus): string | undefined =>
  isTerminal(status) ? `${project} ${status}` : undefined;

/** The part of an index that a selection is read from, and what drops the builds in it that are not meant. */
interface Narrowed {
  index: string;
  partition: string;
  value: string;
  rest?: Expression | undefined;
}

/** The index that has the fewest other builds; undefined for all builds. */
function narrowed({ commit, project, status }: BuildSelection): Narrowed | undefined {
  const ofProject = project === undefined ? undefined : expression`#project = ${project}`;
  if (commit !== undefined) {
    const value = shortCommit(commit);
    const isCommit = commit === value ? undefined : expression`begins_with(#commit, ${commit})`;
    const withStatus = status === undefined ? undefined : expression`#status = ${status}`;
    return { index: 'byCommit', partition: 'shortCommit', value, rest: and(isCommit, ofProject, withStatus) };
  }
  if (status === undefined)
    return project === undefined ? undefined : { index: 'byProject', partition: 'project', value: project };
  const outcome = project === undefined ? undefined : outcomeOf(project, status);
  if (outcome !== undefined) return { index: 'byOutcome', partition: 'outcome', value: outcome };
  // Where a project is meant, too, the status is one of those that few builds of all projects have at a time.
  return { index: 'byStatus', partition: 'status', value: status, rest: ofProject };
}

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

  /** Newest first, those that pass all of the selection. Of all builds, month by month as far back as the list goes. */
  function list({ since, ...selection }: BuildSelection, request: PageRequest): Promise<Page<Build>> {
    const from = since && expression`createdAt >= ${since}`;
    const query = (index: string, partition: Expression, part: PageRequest, filter?: Filter) => {
      const keys = from ? expression`${partition} AND ${from}` : partition;
      return table.page({ index, keys, filter, newestFirst: true }, part, buildSchema);
    };
    const of = narrowed(selection);
    if (!of) {
      const inMonth = (month: string, part: PageRequest) => query('byMonth', expression`#month = ${month}`, part);
      return pageByMonth(inMonth, request, { since: since && monthOf(new Date(since)) });
    }
    const filter = of.rest && { condition: of.rest, position: [of.partition, 'createdAt', 'id'] };
    return query(of.index, expression`${attribute(of.partition)} = ${of.value}`, request, filter);
  }

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

    list,

    /** What the builds that began in a month cost, of one project or of all. */
    async costs({ month, project }: CostSelection, request: PageRequest): Promise<Page<ProjectCost>> {
      const of =
        project === undefined
          ? { index: 'byMonth', keys: expression`#month = ${month}` }
          : { index: 'byProject', keys: expression`#project = ${project} AND begins_with(createdAt, ${month})` };
      const fields = ['project', 'cost'];
      const { items, cursor } = await table.page({ ...of, fields }, request, costedSchema);
      return { items: items.flatMap(({ project, cost }) => (cost ? [{ ...cost, project, builds: 1 }] : [])), cursor };
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

    /** Newest first, of all projects. */
    withStatus(status: BuildStatus, request: PageRequest): Promise<Page<Build>> {
      return list({ status }, request);
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
