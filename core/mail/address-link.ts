import * as z from 'zod';

/** How long a link can confirm. An address is not asked again before its link has ended. */
export const linkDays = 7;

const addressLinkSchema = z.object({ address: z.string(), until: z.iso.datetime() });

/** The content of the link in the mail that asks for a confirmation; it is sealed before the mail is sent. */
export type AddressLink = z.infer<typeof addressLinkSchema>;

export const addressLinkFrom = (address: string, now: Date): AddressLink => ({
  address: address.toLowerCase(),
  until: new Date(now.getTime() + linkDays * 86_400_000).toISOString(),
});

/** The link as text for a path. */
export const encodeAddressLink = (link: AddressLink): string => Buffer.from(JSON.stringify(link)).toString('base64url');

/** Decodes what `encodeAddressLink` returned: the seal has proven that it did. */
export const decodeAddressLink = (text: string): AddressLink =>
  addressLinkSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));

/** The purpose that an address link is sealed for. */
export const addressLinkPurpose = 'mail address';

/** Whether a link can still confirm an address. To refuse mails, it is valid for ever. */
export const isLinkValid = ({ until }: AddressLink, now: Date): boolean => now.toISOString() < until;
