import type { Mail, MailContent, Recipient } from './content.ts';
import { mailHtml } from './render-html.ts';
import { mailText } from './render-text.ts';

/** A mail as one recipient gets it. */
export function renderMail(
  { content }: Pick<Mail, 'content'>,
  { unsubscribeLink }: Pick<Recipient, 'unsubscribeLink'> = {},
): { text: string; html: string } {
  const unsubscribe: MailContent['footer'] = unsubscribeLink
    ? [{ text: 'To get no more mails from this Slipway:', link: unsubscribeLink, name: 'unsubscribe' }]
    : [];
  const whole = { ...content, footer: [...content.footer, ...unsubscribe] };
  return { text: mailText(whole), html: mailHtml(whole) };
}
