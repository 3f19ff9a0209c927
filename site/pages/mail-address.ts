import type { AddressAnswer } from '../../core/mail/mail-address.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { layout } from './layout.ts';

interface MailAddressPage {
  address: string;
  answer: AddressAnswer | undefined;
  /** Whether the link can still confirm. */
  isValid: boolean;
}

/** The page of a link that was sent to a mail address: its owner answers here, and changes the answer here. */
export function mailAddressPage({ address, answer, isValid }: MailAddressPage): Html {
  const shown = html`<b>${oneLine(address, 320)}</b>`;
  const state = {
    none: html`Do you want ${shown} to get mails about the images whose entries in the index name it?`,
    confirmed: html`${shown} gets mails about the images whose entries in the index name it.`,
    refused: html`${shown} gets no mails, whatever the index says.`,
  }[answer ?? 'none'];
  return layout({
    title: 'Mails',
    main: html`<div class="head"><h1>Mails</h1></div>
<p>${state}</p>
${answer === undefined && isValid && html`<p>If you do nothing, nothing is sent.</p>`}
${answer !== 'confirmed' && !isValid && html`<p class="note warning">This link is too old to agree with. Slipway asks again when the next mail is due, three times at most.</p>`}
<form method="post">
${answer !== 'confirmed' && isValid && button('confirmed', answer ? 'Get mails after all' : 'Yes, send them')}
${answer !== 'refused' && button('refused', answer ? 'Send no more mails' : 'No, never')}
</form>`,
  });
}

const button = (answer: AddressAnswer, label: string) =>
  html`<button name="answer" value="${answer}">${label}</button> `;
