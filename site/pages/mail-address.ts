import { exactTime } from '../../core/builds/describe-build.ts';
import { type AddressAnswer, type KnownAddress, whyNoMail } from '../../core/mail/mail-address.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { layout } from './layout.ts';

interface MailAddressPage {
  address: string;
  known: KnownAddress;
  /** Whether the link can still confirm. */
  isValid: boolean;
  now: Date;
}

/** The page of a link that was sent to a mail address: its owner answers here, and changes the answer here. */
export function mailAddressPage({ address, known, isValid, now }: MailAddressPage): Html {
  const { answer, failure } = known;
  const shown = html`<b>${oneLine(address, 320)}</b>`;
  const reason = whyNoMail(known, true, now);
  const state = {
    none: html`${shown} gets mails about the images whose entries in the index name it.`,
    unconfirmed: html`Do you want ${shown} to get mails about the images whose entries in the index name it?`,
    refused: html`${shown} gets no mails, whatever the index says.`,
    unreachable: html`${shown} gets no mails at present, as one ${failure?.kind === 'complained' ? 'was marked as spam' : 'bounced'}${failure && ` on ${exactTime(failure.at)}`}.`,
  }[reason ?? 'none'];
  const canConfirm = reason !== undefined && isValid;
  return layout({
    title: 'Mails',
    main: html`<div class="head"><h1>Mails</h1></div>
<p>${state}</p>
${reason === 'unconfirmed' && isValid && html`<p>If you do nothing, nothing is sent.</p>`}
${reason !== undefined && !isValid && html`<p class="note warning">This link is too old to agree with. ${answer === undefined ? 'Slipway asks again when the next mail is due, three times at most.' : 'Ask whoever runs this Slipway.'}</p>`}
<form method="post">
${canConfirm && button('confirmed', reason === 'unconfirmed' ? 'Yes, send them' : 'Get mails after all')}
${answer !== 'refused' && button('refused', answer ? 'Send no more mails' : 'No, never')}
</form>`,
  });
}

const button = (answer: AddressAnswer, label: string) =>
  html`<button name="answer" value="${answer}">${label}</button> `;
