import { oneLine, webLink } from '../text/one-line.ts';
import { linkDays } from './address-link.ts';
import type { Mail, MailContent } from './content.ts';

interface Confirmation {
  address: string;
  /** `app/job:tag` */
  project: string;
  /** Where the person answers. */
  link: string;
  siteUrl: string;
  indexUrl: string;
}

/** Asks the owner of an address whether it may get mails. It says nothing that a stranger wrote but the project's name. */
export function confirmationMail({ address, project, link, siteUrl, indexUrl }: Confirmation): Mail {
  const name = oneLine(project, 200);
  const index = webLink(indexUrl);
  const content: MailContent = {
    tone: 'good',
    title: `Do you want mails about ${name}?`,
    paragraphs: [
      `The index of this Slipway names ${oneLine(address, 320)} as an address that gets mails about the image ${name}: how its builds end, and what is found in its releases. Slipway sends them only if you agree.`,
    ],
    advice: `To agree, or to refuse such mails for good, open the page behind the link and press a button there; the link confirms for ${linkDays} days. If you do nothing, nothing happens: you get none of these mails. Your answer holds for all projects that name this address.`,
    facts: [
      { label: 'Project', value: name },
      { label: 'Asked by', value: index ?? 'the index', link: index },
      { label: 'Slipway', value: siteUrl, link: siteUrl },
    ],
    links: [{ label: 'Answer', address: link }],
    footer: [
      {
        text: 'You get this mail because somebody added your address to an entry of the index. If it was not you, ignore it.',
      },
    ],
  };
  return {
    subject: oneLine(`[slipway] CONFIRM: mails about ${name}`, 200),
    content,
    headers: { 'X-Slipway-Status': 'confirm' },
    topic: name,
  };
}
