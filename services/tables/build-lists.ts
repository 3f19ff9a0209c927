import type { BuildSelection } from '../../core/builds/build-selection.ts';
import { type Build, type BuildStatus, buildSchema, isTerminal } from '../../core/model/build.ts';
import type { BuildCost } from '../../core/model/build-cost.ts';
import { monthOf } from '../../core/time/month.ts';
import { and, attribute, type Expression, expression } from './expression.ts';
import { type Page, type PageRequest, pageByMonth } from './page.ts';
import type { Filter, Table } from './table.ts';

const costedSchema = buildSchema.pick({ project: true, cost: true });

/** The builds that are counted, by the month in which they began, `2026-11`. */
export interface CostSelection {
  month: string;
  project?: string | undefined;
}

/** What some builds of a project cost. */
export type ProjectCost = Omit<BuildCost, 'pricesOf'> & { project: string; builds: number };

/** So many of a commit's digits are enough to search for it. */
export const shortCommit = (commit: string): string => commit.slice(0, 7);

/** What the index `byOutcome` has of a build that has ended; undefined for one that runs. */
export const outcomeOf = (project: string, status: BuildStatus): string | undefined =>
  isTerminal(status) ? `${project} ${status}` : undefined;

/** The part of an index that a selection is read from, and the filter that leaves out other builds. */
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
  // If a project is given too, the status is one of those that few builds of all projects have at a time.
  return { index: 'byStatus', partition: 'status', value: status, rest: ofProject };
}

/** The lists of the builds table that people read. */
export function createBuildLists(table: Table) {
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

    /** Newest first, of all projects. */
    withStatus(status: BuildStatus, request: PageRequest): Promise<Page<Build>> {
      return list({ status }, request);
    },
  };
}
