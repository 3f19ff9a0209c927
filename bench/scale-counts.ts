import { BatchGetItemCommand, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import type { Graph } from './scale-graph.ts';
import type { StandInMachine } from './stand-in-machine.ts';

/** A build as its record in the table has it. */
interface Built {
  project: string;
  status: string;
  cascade: string;
  createdAt: string;
  startedAt: string;
  endedAt: string;
}

const client = ({ facts }: StandInMachine) =>
  new DynamoDBClient({ endpoint: facts.endpoint, region: facts.region, credentials: facts.credentials });

/** Reading all of ten thousand projects again and again would be most of the machine's work, so that a hundred of them are asked for first. */
const sampled = 100;

/** Whether the machine knows all of the projects. */
export async function areKnown(machine: StandInMachine, names: readonly string[]): Promise<boolean> {
  const TableName = machine.facts.outputs.ProjectsTableName ?? '';
  const step = Math.ceil(names.length / sampled);
  const Keys = names.filter((_, at) => at % step === 0).map((name) => ({ name: { S: name } }));
  const sample = await client(machine).send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys } } }));
  if ((sample.Responses?.[TableName]?.length ?? 0) < Keys.length) return false;
  let count = 0;
  for await (const page of paginateScan({ client: client(machine) }, { TableName, Select: 'COUNT' }))
    count += page.Count ?? 0;
  return count >= names.length;
}

/** Every build of the machine, past the pages and the API. */
export async function buildsOf(machine: StandInMachine): Promise<Built[]> {
  const found: Built[] = [];
  const TableName = machine.facts.outputs.BuildsTableName;
  for await (const page of paginateScan({ client: client(machine) }, { TableName }))
    for (const item of page.Items ?? []) {
      const text = (name: string) => item[name]?.S ?? '';
      found.push({
        project: text('project'),
        status: text('status'),
        cascade: text('cascade'),
        createdAt: text('createdAt'),
        startedAt: text('startedAt'),
        endedAt: text('endedAt'),
      });
    }
  return found;
}

/** What of a cascade is otherwise than the graph calls for. */
export function faultsIn(built: readonly Built[], expected: ReadonlySet<string>, { parents }: Graph) {
  const released = built.filter(({ status }) => status === 'released');
  const endedAt = new Map(released.map((each) => [each.project, each.endedAt]));
  const isEarly = ({ project, createdAt }: Built) =>
    (parents.get(project) ?? []).some((parent) => expected.has(parent) && (endedAt.get(parent) ?? '~') > createdAt);
  return {
    missed: [...expected].filter((name) => !endedAt.has(name)).length,
    needless: released.filter(({ project }) => !expected.has(project)).length,
    repeated: released.length - endedAt.size,
    early: released.filter(isEarly).length,
  };
}

/** How many builds had begun and not ended at the same moment. */
export function mostAtOnce(built: readonly Built[]): number {
  const changes = built
    .filter(({ startedAt, endedAt }) => startedAt !== '' && endedAt !== '')
    .flatMap(({ startedAt, endedAt }) => [
      { at: startedAt, by: 1 },
      { at: endedAt, by: -1 },
    ])
    // One that ends makes room for one that begins in the same millisecond.
    .sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : one.by - other.by));
  let [count, most] = [0, 0];
  for (const { by } of changes) {
    count += by;
    most = Math.max(most, count);
  }
  return most;
}
