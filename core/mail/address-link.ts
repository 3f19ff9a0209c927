import * as z from 'zod';

/** How long a link can confirm. An address is not asked again before its link has ended. */
export const linkDays = 7;

const addressLinkSchema = z.object({ address: z.string(), until: z.iso.datetime() });

/** What the link of the mail that asks says; it is sealed before it goes out. */
export type AddressLink = z.infer<typeof addressLinkSchema>;

export const addressLinkFrom = (address: string, now: Date): AddressLink => ({
  address: address.toLowerCase(),
  until: new Date(now.getTime() + linkDays * 86_400_000).toISOString(),
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
