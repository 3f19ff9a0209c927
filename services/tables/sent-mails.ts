import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expiryAfter, tableOf } from './table.ts';

/** Longer than any mail is retried. */
const keptDays = 30;

/** DynamoDB has no empty set, so the attribute may be absent. */
const sentSchema = z.object({ recipients: z.set(z.string()).default(new Set()) });

/** The mails table: who got which mail, so that a retry sends it only to the others. */
export function createSentMails(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    async recipientsOf(mail: string): Promise<ReadonlySet<string>> {
      return (await table.get({ mail }, sentSchema))?.recipients ?? new Set();
    },

    async record(mail: string, recipients: readonly string[]): Promise<void> {
      await table.update(
        { mail },
        { set: { expiresAt: expiryAfter(keptDays) }, add: { recipients: new Set(recipients) } },
      );
    },
  };
}

export type SentMails = ReturnType<typeof createSentMails>;

export const openSentMails = once(() => createSentMails(documentClient(), variable('MAILS_TABLE')));
