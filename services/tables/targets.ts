import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { once } from '../../core/once.ts';
import { type TargetState, targetStateSchema } from '../../core/targets/target-state.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { tableOf } from './table.ts';

/** At one time. Those beyond are seen a few minutes later, when they are due. */
const mostRolling = 200;

/** Services that are rolling are found by the event that they end with. */
const partitionOf = ({ state }: TargetState) => (state === 'rolling' ? 'rolling' : 'due');

/** The targets table: what each target of a project is to have, and what it has. */
export function createTargets(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    get(project: string, target: string): Promise<TargetState | undefined> {
      return table.get({ project, target }, targetStateSchema);
    },

    ofProject(project: string): Promise<TargetState[]> {
      return table.all({ keys: expression`#project = ${project}`, consistent: true }, targetStateSchema);
    },

    /** False if another process has changed the state since it was read. */
    save(state: TargetState): Promise<boolean> {
      const before = state.revision - 1;
      return table.put(
        // The index has the items that are due some day.
        { ...targetStateSchema.parse(state), due: state.dueAt === undefined ? undefined : partitionOf(state) },
        before === 0 ? expression`attribute_not_exists(revision)` : expression`revision = ${before}`,
      );
    },

    /** What is due, the longest due first. */
    async due(now: Date, limit: number): Promise<TargetState[]> {
      const of = async (partition: string) => {
        const keys = expression`due = ${partition} AND dueAt <= ${now.toISOString()}`;
        return (await table.page({ index: 'byDueTime', keys }, { limit }, targetStateSchema)).items;
      };
      const [due, rolling] = await Promise.all([of('due'), of('rolling')]);
      return [...due, ...rolling].slice(0, limit);
    },

    /** The target whose service does this. */
    async ofRollout(id: string): Promise<TargetState | undefined> {
      const keys = expression`due = ${'rolling'}`;
      const { items } = await table.page({ index: 'byDueTime', keys }, { limit: mostRolling }, targetStateSchema);
      return items.find(({ rollout }) => rollout?.id === id);
    },
  };
}

export type Targets = ReturnType<typeof createTargets>;

export const openTargets = once(() => createTargets(documentClient(), variable('TARGETS_TABLE')));
