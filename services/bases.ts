import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Base } from '../core/build-request.ts';

/** The bases table: every image that a Dockerfile names, the digest last seen, and the projects that stand on it. */
export function createBases(client: DynamoDBDocumentClient, tableName: string) {
  return {
    async observe(base: Base, project: string): Promise<void> {
      await client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: { image: base.image },
          // Several writers complete the record, so it is a set with ADD, never a list that one of them overwrites.
          UpdateExpression: 'SET digest = :digest, own = :own, seenAt = :now ADD projects :project',
          ExpressionAttributeValues: {
            ':digest': base.digest,
            ':own': base.own,
            ':now': new Date().toISOString(),
            ':project': new Set([project]),
          },
        }),
      );
    },
  };
}

export type Bases = ReturnType<typeof createBases>;
