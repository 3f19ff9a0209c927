import { type DynamoDBDocumentClient, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { ifConditionHolds } from './dynamodb.ts';

const checkedProjectSchema = z.object({
  name: z.string(),
  active: z.boolean(),
  dependsOn: z.array(z.string()).default([]),
  /** What its newest image stands on. */
  bases: z.array(z.object({ image: z.string(), own: z.boolean() })).default([]),
  released: z.object({ build: z.string() }).optional(),
  /** When its packages were looked at last. */
  packagesCheckedAt: z.string().optional(),
  /** The updates that a rebuild was called for already, as short hashes one after another. */
  packagesTried: z.string().optional(),
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

    async note(name: string, { checkedAt, tried }: { checkedAt: string; tried: string }): Promise<void> {
      // A project that was taken away meanwhile is not to come back as a half one.
      await ifConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { name },
            UpdateExpression: 'SET packagesCheckedAt = :checkedAt, packagesTried = :tried',
            ConditionExpression: 'attribute_exists(#name)',
            ExpressionAttributeNames: { '#name': 'name' },
            ExpressionAttributeValues: { ':checkedAt': checkedAt, ':tried': tried },
          }),
        ),
      );
    },
  };
}

export type PackageChecks = ReturnType<typeof createPackageChecks>;
