import * as z from 'zod';
import type { MailFailure } from './mail-address.ts';

const longestReason = 500;

const recipientSchema = z.object({ emailAddress: z.string(), diagnosticCode: z.string().optional() });

/**
 * What SES reports about a mail, as EventBridge has it.
 * https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
 */
const mailEventSchema = z.object({
  detail: z.discriminatedUnion('eventType', [
    z.object({
      eventType: z.literal('Bounce'),
      bounce: z.object({
        bounceType: z.string(),
        bouncedRecipients: z.array(recipientSchema),
        timestamp: z.iso.datetime({ offset: true }),
      }),
    }),
    z.object({
      eventType: z.literal('Complaint'),
      complaint: z.object({
        complainedRecipients: z.array(recipientSchema),
        timestamp: z.iso.datetime({ offset: true }),
      }),
    }),
  ]),
});

/**
 * The addresses that mails cannot or must not reach. A transient bounce, such as that of a full mailbox, is none: SES has tried again for
 * hours, and the next mail may arrive.
 * @throws ZodError for an event that is neither a bounce nor a complaint
 */
export function failuresOf(event: unknown): { address: string; failure: MailFailure }[] {
  const { detail } = mailEventSchema.parse(event);
  if (detail.eventType === 'Complaint') {
    const { complainedRecipients, timestamp } = detail.complaint;
    const failure: MailFailure = { kind: 'complained', at: new Date(timestamp).toISOString() };
    return complainedRecipients.map(({ emailAddress }) => ({ address: plainAddress(emailAddress), failure }));
  }
  const { bounceType, bouncedRecipients, timestamp } = detail.bounce;
  if (bounceType !== 'Permanent') return [];
  return bouncedRecipients.map(({ emailAddress, diagnosticCode }) => ({
    address: plainAddress(emailAddress),
    failure: {
      kind: 'bounced',
      at: new Date(timestamp).toISOString(),
      reason: diagnosticCode?.slice(0, longestReason),
    },
  }));
}

/** `Ann <ann@example.com>` is how a mail server may name a recipient. */
const plainAddress = (text: string): string => /<([^<>]+)>\s*$/.exec(text)?.[1] ?? text.trim();
