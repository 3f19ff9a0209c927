import type { AddressSummary } from '../../core/mail/mail-address.ts';

/** `1 of 3 addresses gets mails (1 not confirmed: the link in the mail that asks does it; 1 unsubscribed)`. */
export function describeRecipients({ all, unconfirmed, refused, unreachable }: AddressSummary): string {
  const count = all - unconfirmed - refused - unreachable;
  const others = [
    [unconfirmed, 'not confirmed: the link in the mail that asks does it'],
    [refused, 'unsubscribed'],
    [unreachable, 'not reached: a mail bounced, or was marked as spam'],
  ] as const;
  const why = others.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  const sum = `${count} of ${all} ${all === 1 ? 'address' : 'addresses'} ${count === 1 || all === 1 ? 'gets' : 'get'} mails`;
  return why.length > 0 ? `${sum} (${why.join('; ')})` : sum;
}
