import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
  type AddressAnswer,
  type MailAddressRecord,
  type MailFailure,
  mailAddressRecordSchema,
} from '../../core/mail/mail-address.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { tableOf } from './table.ts';

/** Longer than any function may run, so that no claim expires while its holder still works. */
const claimMinutes = 16;

const keyOf = (address: string) => ({ address: address.toLowerCase() });

/**
 * The addresses table: which mail addresses were asked whether they want mails, and what they answered. The functions that send mails
 * write that they asked, and may not write an answer; the pages write the answer, and nothing else; a third function writes what SES reports.
 */
export function createMailAddresses(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    get: (address: string): Promise<MailAddressRecord | undefined> =>
      table.get(keyOf(address), mailAddressRecordSchema),

    /** Those that are known. */
    getMany: (addresses: readonly string[]): Promise<MailAddressRecord[]> =>
      table.getMany(addresses.map(keyOf), mailAddressRecordSchema),

    /** Claims the next mail that asks; false if another process sends it, or has sent it since the record was read. */
    async claim({ address, asks }: Pick<MailAddressRecord, 'address' | 'asks'>, now: Date): Promise<boolean> {
      const askingUntil = new Date(now.getTime() + claimMinutes * 60_000).toISOString();
      return table.update(
        keyOf(address),
        { set: { askingUntil } },
        expression`(attribute_not_exists(askingUntil) OR askingUntil < ${now.toISOString()}) AND (attribute_not_exists(asks) OR asks = ${asks})`,
      );
    },

    /** Records that the claimed mail went out. */
    async markAsked({ address, asks }: Pick<MailAddressRecord, 'address' | 'asks'>, now: Date): Promise<void> {
      await table.update(keyOf(address), {
        set: { asks: asks + 1, askedAt: now.toISOString(), askingUntil: undefined },
      });
    },

    /** Gives the claim back after a failure. */
    async release(address: string): Promise<void> {
      await table.update(keyOf(address), { remove: ['askingUntil'] });
    },

    /** Records that a mail bounced or was marked as spam. An older report changes nothing. */
    async fail(address: string, failure: MailFailure): Promise<void> {
      await table.update(
        keyOf(address),
        { set: { failure, failing: 'failing', failedAt: failure.at } },
        expression`attribute_not_exists(failure) OR failure.#at < ${failure.at}`,
      );
    },

    /** Those that a mail did not reach, or whose owner marked one as spam, the newest first. */
    async failed(limit: number): Promise<MailAddressRecord[]> {
      const keys = expression`failing = ${'failing'}`;
      return (await table.page({ index: 'byFailure', keys, newestFirst: true }, { limit }, mailAddressRecordSchema))
        .items;
    },

    async answer(address: string, answer: AddressAnswer, now = new Date()): Promise<void> {
      await table.update(keyOf(address), { set: { answer, answeredAt: now.toISOString() } });
    },
  };
}

export type MailAddresses = ReturnType<typeof createMailAddresses>;

export const openMailAddresses = once(() => createMailAddresses(documentClient(), variable('ADDRESSES_TABLE')));
