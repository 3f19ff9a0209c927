import { type AddressLink, addressLinkPurpose, decodeAddressLink, isLinkValid } from '../core/mail/address-link.ts';
import { addressAnswerSchema } from '../core/mail/mail-address.ts';
import { type Answer, caching, page } from './answer.ts';
import { mailAddressPage } from './pages/mail-address.ts';
import type { SiteParts, SiteRequest } from './parts.ts';
import { RequestError } from './request-error.ts';

/** Programs that look for malware open every link of a mail: the page only asks, and what its buttons send is the answer. */
export async function showAddress(parts: SiteParts, { now }: SiteRequest, { link }: { link: string }): Promise<Answer> {
  const opened = await openLink(parts, link);
  const { address } = opened;
  const known = (await parts.addresses.get(address)) ?? {};
  return page(mailAddressPage({ address, known, isValid: isLinkValid(opened, now), now }), caching.never);
}

/** Takes the answer of an address's owner, which holds until the owner gives another one. A mail program gives it with one click. */
export async function answerAddress(
  parts: SiteParts,
  request: SiteRequest,
  { link }: { link: string },
): Promise<Answer> {
  const opened = await openLink(parts, link);
  const sent = await fieldsOf(request);
  if (sent.get('List-Unsubscribe') === 'One-Click') {
    await parts.addresses.answer(opened.address, 'refused');
    // A mail program follows no redirect: https://www.rfc-editor.org/rfc/rfc8058#section-3.1
    return showAddress(parts, request, { link });
  }
  const answer = addressAnswerSchema.safeParse(sent.get('answer'));
  if (!answer.success)
    throw new RequestError(
      400,
      'InvalidAnswer',
      'The answer is missing. Open the link again and press a button there.',
    );
  if (answer.data === 'confirmed' && !isLinkValid(opened, request.now))
    throw new RequestError(
      410,
      'LinkEnded',
      'This link can no longer confirm. Slipway asks again, at most two more times, when the next mail is due.',
    );
  await parts.addresses.answer(opened.address, answer.data);
  return { status: 303, headers: { location: `/addresses/${link}`, 'cache-control': caching.never }, body: '' };
}

/** Mail programs send a form of either type, and rather this one than that of browsers: https://www.rfc-editor.org/rfc/rfc8058#section-3.2 */
async function fieldsOf({ headers, body }: SiteRequest): Promise<Pick<URLSearchParams, 'get'>> {
  const type = headers['content-type'] ?? '';
  if (!/^multipart\/form-data;/i.test(type)) return new URLSearchParams(body);
  // A body that is not such a form has no fields, and is refused as one without an answer.
  return new Response(body, { headers: { 'content-type': type } }).formData().then(
    (form) => new URLSearchParams([...form].filter((field): field is [string, string] => typeof field[1] === 'string')),
    () => new URLSearchParams(),
  );
}

async function openLink({ seals }: SiteParts, link: string): Promise<AddressLink> {
  const text = await seals.open(addressLinkPurpose, link);
  if (text === undefined)
    throw new RequestError(
      404,
      'LinkNotFound',
      'Slipway did not make this link. Copy the whole address from the mail.',
    );
  return decodeAddressLink(text);
}
