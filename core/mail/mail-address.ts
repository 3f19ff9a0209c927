import * as z from 'zod';
import { linkDays } from './address-link.ts';

export const addressAnswerSchema = z.enum(['confirmed', 'refused']);
export type AddressAnswer = z.infer<typeof addressAnswerSchema>;

/** What SES reported about a mail: that there is no such address, or that its owner marked it as spam. */
const mailFailureSchema = z.object({
  kind: z.enum(['bounced', 'complained']),
  at: z.iso.datetime(),
  /** What the server said, if it said something. */
  reason: z.string().optional(),
});
export type MailFailure = z.infer<typeof mailFailureSchema>;

/** What is known of a mail address that an entry of the index names. */
export const mailAddressRecordSchema = z.object({
  /** In lower case. */
  address: z.string(),
  /** What its owner answered, through the link of the mail that asks; absent until then. */
  answer: addressAnswerSchema.optional(),
  answeredAt: z.iso.datetime().optional(),
  /** How often it was asked, and when last. */
  asks: z.int().default(0),
  askedAt: z.iso.datetime().optional(),
  /** The last one. */
  failure: mailFailureSchema.optional(),
});
export type MailAddressRecord = z.infer<typeof mailAddressRecordSchema>;

/** What says whether mails may go to an address. */
export type KnownAddress = Pick<MailAddressRecord, 'answer' | 'answeredAt' | 'failure'>;

/** An address whose owner never answers is left alone after so many mails, whatever the index says. */
const mostAsks = 3;

/** A mailbox may be created again, and a mail server may be wrong: one more mail is sent after this time. */
const bounceDays = 30;

/**
 * Whether mails may go to an address: each one that bounces, or is marked as spam, counts against the sender, and SES stops senders that go
 * on. An answer through a link shows that mails arrive again.
 * https://docs.aws.amazon.com/ses/latest/dg/success-metrics.html
 */
function isReachable({ failure, answeredAt = '' }: KnownAddress, now: Date): boolean {
  if (!failure || answeredAt > failure.at) return true;
  return failure.kind === 'bounced' && now.getTime() - Date.parse(failure.at) >= bounceDays * 86_400_000;
}

export type NoMailReason = 'refused' | 'unconfirmed' | 'unreachable';

/** Why an address gets no mails; undefined where it gets them. Where addresses need not be confirmed, only its owner's refusal counts. */
export function whyNoMail(record: KnownAddress, mustConfirm: boolean, now: Date): NoMailReason | undefined {
  if (record.answer === 'refused') return 'refused';
  if (!isReachable(record, now)) return 'unreachable';
  return mustConfirm && record.answer !== 'confirmed' ? 'unconfirmed' : undefined;
}

/** How many addresses there are, and how many of them get no mails, by the reason. */
export type AddressSummary = Record<NoMailReason | 'all', number>;

/** @param records of the addresses that are known */
export function addressSummary(
  addresses: readonly string[],
  records: readonly MailAddressRecord[],
  mustConfirm: boolean,
  now: Date,
): AddressSummary {
  const known = new Map(records.map((record) => [record.address, record]));
  const summary = { all: addresses.length, refused: 0, unconfirmed: 0, unreachable: 0 };
  for (const address of addresses) {
    const reason = whyNoMail(known.get(address.toLowerCase()) ?? {}, mustConfirm, now);
    if (reason) summary[reason] += 1;
  }
  return summary;
}

/** Whether an address gets the mail that asks for its confirmation now. Its owner's answer is final, until the owner changes it. */
export function isToBeAsked(record: Omit<MailAddressRecord, 'address'>, now: Date): boolean {
  const { answer, asks, askedAt } = record;
  if (answer !== undefined || asks >= mostAsks || !isReachable(record, now)) return false;
  return askedAt === undefined || now.getTime() - Date.parse(askedAt) >= linkDays * 86_400_000;
}
