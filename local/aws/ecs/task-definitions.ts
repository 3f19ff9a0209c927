import * as z from 'zod';
import { type Account, AwsError, operation } from '../service.ts';

const name = z.string().min(1).max(255);
const container = z.looseObject({ name, image: z.string().min(1), essential: z.boolean().default(true) });
const tags = z.array(z.object({ key: z.string().min(1), value: z.string().optional() })).max(50);

/** Its keys are kept as they are given: nothing here reads them but these. */
const definitionSchema = z.looseObject({
  family: name.regex(/^[\w-]+$/),
  containerDefinitions: z.array(container).min(1),
  taskRoleArn: z.string().optional(),
  executionRoleArn: z.string().optional(),
  tags: tags.min(1).optional(),
});

export interface TaskDefinitions {
  /** A revision by its ARN or `family:revision`; by a family, its newest one. @throws AwsError */
  find(
    name: string,
  ): Record<string, unknown> & { taskDefinitionArn: string; containerDefinitions: { image: string }[] };
  readonly operations: Record<string, ReturnType<typeof operation>>;
}

/** The task definitions of ECS, each revision for ever. */
export function createTaskDefinitions(account: Account): TaskDefinitions {
  const { database } = account;
  database.exec(`create table if not exists ecs_task_definition (
    family text not null, revision integer not null, definition text not null, tags text not null, primary key (family, revision)) strict`);
  const insert = database.prepare(
    `insert into ecs_task_definition select ?, coalesce(max(revision), 0) + 1, ?, ? from ecs_task_definition where family = ? returning revision`,
  );
  const newest = database.prepare('select * from ecs_task_definition where family = ? order by revision desc limit 1');
  const exact = database.prepare('select * from ecs_task_definition where family = ? and revision = ?');
  const arnOf = (family: string, revision: number | string) =>
    `arn:aws:ecs:${account.region}:${account.id}:task-definition/${family}:${revision}`;
  const rowSchema = z.object({ family: z.string(), revision: z.int(), definition: z.string(), tags: z.string() });

  const row = (written: string) => {
    const [family = '', revision] = (written.split('task-definition/').at(-1) ?? '').split(':');
    const found = revision === undefined ? newest.get(family) : exact.get(family, Number(revision));
    if (found === undefined) throw new AwsError('ClientException', 'Unable to describe task definition.');
    return rowSchema.parse(found);
  };
  const shown = ({ family, revision, definition }: z.infer<typeof rowSchema>) => ({
    ...(JSON.parse(definition) as { containerDefinitions: { image: string }[] }),
    taskDefinitionArn: arnOf(family, revision),
    family,
    revision,
    status: 'ACTIVE',
  });

  return {
    find: (written) => shown(row(written)),

    operations: {
      RegisterTaskDefinition: operation({
        input: definitionSchema,
        permissions: ({ family, taskRoleArn, executionRoleArn, tags: given }) => [
          { action: 'ecs:RegisterTaskDefinition', resource: '*' },
          ...(given ? [{ action: 'ecs:TagResource', resource: arnOf(family, '*') }] : []),
          // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
          ...[taskRoleArn, executionRoleArn]
            .filter((role) => role !== undefined)
            .map((resource) => ({
              action: 'iam:PassRole',
              resource,
              context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
            })),
        ],
        handle({ tags: given = [], ...definition }, caller) {
          const { family } = definition;
          const stored = { ...definition, registeredAt: Date.now() / 1000, registeredBy: caller.arn };
          const made = insert.get(family, JSON.stringify(stored), JSON.stringify(given), family);
          return { taskDefinition: shown(row(`${family}:${made?.revision}`)), tags: given };
        },
      }),
      DescribeTaskDefinition: operation({
        input: z.object({ taskDefinition: z.string().min(1), include: z.array(z.literal('TAGS')).optional() }),
        permissions: () => [{ action: 'ecs:DescribeTaskDefinition', resource: '*' }],
        handle({ taskDefinition, include }) {
          const found = row(taskDefinition);
          return { taskDefinition: shown(found), tags: include ? JSON.parse(found.tags) : [] };
        },
      }),
    },
  };
}
