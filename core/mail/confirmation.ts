import { z } from 'zod';

export const addressAnswerSchema = z.enum(['confirmed', 'refused']);
export type AddressAnswer = z.infer<typeof addressAnswerSchema>;

/** What is known of a mail address that an entry of the index names. */
export const mailAddressRecordSchema = z.object({
  /** In lower case. */
  address: z.string(),
  /** What its owner answered, through the link of the mail that asks; absent until then. */
  answer: addressAnswerSchema.optional(),
  /** How often it was asked, and when last. */
  asks: z.int().default(0),
  askedAt: z.iso.datetime().optional(),
});
export type MailAddressRecord = z.infer<typeof mailAddressRecordSchema>;

/** How long a link can confirm. An address is not asked again before its link has ended. */
export const linkDays = 7;

/** An address whose owner never answers is left alone after so many mails, whatever the index says. */
const mostAsks = 3;

const linkMilliseconds = linkDays * 86_400_000;

/** Whether an address gets the mail that asks for its confirmation now. Its owner's answer is final, until the owner changes it. */
export function isToBeAsked({ answer, asks, askedAt }: Omit<MailAddressRecord, 'address'>, now: Date): boolean {
  if (answer !== undefined || asks >= mostAsks) return false;
  return askedAt === undefined || now.getTime() - Date.parse(askedAt) >= linkMilliseconds;
}

const addressLinkSchema = z.object({ address: z.string(), until: z.iso.datetime() });

/** What the link of the mail that asks says; it is sealed before it goes out. */
export type AddressLink = z.infer<typeof addressLinkSchema>;

export const addressLinkFrom = (address: string, now: Date): AddressLink => ({
  address: address.toLowerCase(),
  until: new Date(now.getTime() + linkMilliseconds).toISOString(),
});

/** As text for a path. */
export const encodeAddressLink = (link: AddressLink): string => Buffer.from(JSON.stringify(link)).toString('base64url');

/** The link that was encoded so; the seal has shown that it was. */
export const decodeAddressLink = (text: string): AddressLink =>
  addressLinkSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));

/** What an address link is sealed for. */
export const addressLinkPurpose = 'mail address';

/** Whether a link still confirms. It refuses mails for good. */
export const isLinkValid = ({ until }: AddressLink, now: Date): boolean => now.toISOString() < until;
