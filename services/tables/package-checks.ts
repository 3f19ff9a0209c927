import { type DynamoDBDocumentClient, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { once } from '../../core/once.ts';
import type { PackagesMemory } from '../../core/packages/plan-rebuilds.ts';
import { variable } from '../environment.ts';
import { documentClient, ifConditionHolds } from './dynamodb.ts';

const checkedProjectSchema = z.object({
  name: z.string(),
  active: z.boolean(),
  dependsOn: z.array(z.string()).default([]),
  /** What its newest image stands on. */
  bases: z.array(z.object({ image: z.string(), own: z.boolean() })).default([]),
  released: z.object({ build: z.string() }).optional(),
  /** When its packages were looked at last. */
  packagesCheckedAt: z.string().optional(),
  packagesTried: z.string().default(''),
  packagesWaiting: z
    .object({ marks: z.string(), build: z.string(), parent: z.string(), parentBuild: z.string() })
    .optional(),
});

export type CheckedProject = z.infer<typeof checkedProjectSchema> & { released: { build: string } };

/** What the projects table says of the packages of released images. */
export function createPackageChecks(client: DynamoDBDocumentClient, tableName: string) {
  return {
    /** The projects with a release. */
    async released(): Promise<CheckedProject[]> {
      const projects: CheckedProject[] = [];
      const fields = Object.keys(checkedProjectSchema.shape);
      let start: Record<string, unknown> | undefined;
      do {
        const { Items = [], LastEvaluatedKey } = await client.send(
          new ScanCommand({
            TableName: tableName,
            ProjectionExpression: fields.map((field) => `#${field}`).join(', '),
            ExpressionAttributeNames: Object.fromEntries(fields.map((field) => [`#${field}`, field])),
            ExclusiveStartKey: start,
          }),
        );
        for (const item of Items) {
          const { released, ...project } = checkedProjectSchema.parse(item);
          if (project.active && released) projects.push({ ...project, released });
        }
        start = LastEvaluatedKey;
      } while (start);
      return projects;
    },

    /** Writes when a project was looked at, and what the next run is to know of this one. */
    async note(name: string, checkedAt: string, { tried, waiting }: PackagesMemory): Promise<void> {
      // A project that was taken away meanwhile is not to come back as a half one.
      await ifConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { name },
            UpdateExpression: `SET packagesCheckedAt = :checkedAt, packagesTried = :tried${
              waiting ? ', packagesWaiting = :waiting' : ' REMOVE packagesWaiting'
            }`,
            ConditionExpression: 'attribute_exists(#name)',
            ExpressionAttributeNames: { '#name': 'name' },
            ExpressionAttributeValues: { ':checkedAt': checkedAt, ':tried': tried, ':waiting': waiting },
          }),
        ),
      );
    },
  };
}

export type PackageChecks = ReturnType<typeof createPackageChecks>;

export const openPackageChecks = once(() => createPackageChecks(documentClient(), variable('PROJECTS_TABLE')));
