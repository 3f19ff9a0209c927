import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { projectSchema } from '../../core/model/project.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient, ifConditionHolds } from './dynamodb.ts';

/** A project whose people may have to be told of an end, with what they were told. */
const dueWarningSchema = projectSchema.extend({
  warnAt: z.iso.date(),
  /** Keys of endings. */
  warned: z.array(z.string()).optional(),
});
const dueSchema = dueWarningSchema.pick({ name: true, warnAt: true });
export type DueWarning = z.infer<typeof dueWarningSchema>;

/** Longer than the function may run, so that a claim outlives its holder and nobody else's. */
const claimMinutes = 16;

/**
 * Of the projects table, what says whom to tell of exceptions that end. `warnAt` is the next day with something to tell, `warned` what was
 * told, and `warning` until when somebody is telling.
 */
export function createExceptionWarnings(client: DynamoDBDocumentClient, tableName: string) {
  return {
    /** The projects whose day has come, by pages; what they are told of is read with the claim, for an index may be behind. */
    async *due(day: string): AsyncGenerator<Pick<DueWarning, 'name' | 'warnAt'>[]> {
      let start: Record<string, unknown> | undefined;
      do {
        const result = await client.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: 'byExceptionEnd',
            KeyConditionExpression: 'excepting = :yes AND warnAt <= :day',
            ExpressionAttributeValues: { ':yes': 'yes', ':day': day },
            ExclusiveStartKey: start,
          }),
        );
        yield (result.Items ?? []).map((item) => dueSchema.parse(item));
        start = result.LastEvaluatedKey;
      } while (start);
    },

    /**
     * Takes the telling for one. Undefined while somebody else has it, or where the day is another by now: then the next round looks again.
     * @returns the project as it is, and the claim
     */
    async claim(
      { name, warnAt }: Pick<DueWarning, 'name' | 'warnAt'>,
      now = new Date(),
    ): Promise<{ project: DueWarning; claim: string } | undefined> {
      const claim = new Date(now.getTime() + claimMinutes * 60_000).toISOString();
      try {
        const { Attributes } = await client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { name },
            UpdateExpression: 'SET warning = :claim',
            ConditionExpression: 'warnAt = :warnAt AND (attribute_not_exists(warning) OR warning < :now)',
            ExpressionAttributeValues: { ':claim': claim, ':warnAt': warnAt, ':now': now.toISOString() },
            ReturnValues: 'ALL_NEW',
          }),
        );
        return { project: dueWarningSchema.parse(Attributes), claim };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return undefined;
      }
    },

    /** Gives the claim back after it went wrong, so that the next try need not wait. */
    async release(name: string, claim: string): Promise<void> {
      await ifConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { name },
            UpdateExpression: 'REMOVE warning',
            ConditionExpression: 'warning = :claim',
            ExpressionAttributeValues: { ':claim': claim },
          }),
        ),
      );
    },

    /** Notes what was told, and when to look again; not the day where the entry has changed meanwhile, for that brought its own. */
    async mark(name: string, claim: string, warned: readonly string[], next: string | undefined): Promise<void> {
      const write = (expression: string, condition: string, values: Record<string, unknown>) =>
        ifConditionHolds(
          client.send(
            new UpdateCommand({
              TableName: tableName,
              Key: { name },
              UpdateExpression: expression,
              ConditionExpression: condition,
              ExpressionAttributeValues: { ':warned': warned, ...values },
            }),
          ),
        );
      const isUnchanged = await write(
        next
          ? 'SET warned = :warned, warnAt = :next REMOVE warning'
          : 'SET warned = :warned REMOVE warning, warnAt, excepting',
        'warning = :claim',
        { ':claim': claim, ...(next ? { ':next': next } : {}) },
      );
      if (!isUnchanged) await write('SET warned = :warned', 'attribute_exists(gitUrl)', {});
    },
  };
}

export type ExceptionWarnings = ReturnType<typeof createExceptionWarnings>;

export const openExceptionWarnings = once(() => createExceptionWarnings(documentClient(), variable('PROJECTS_TABLE')));
