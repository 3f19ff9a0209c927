import type { Ending } from '../policy/waiver-expiry.ts';
import { oneLine, webLink } from '../text/one-line.ts';
import type { Mail, MailContent } from './content.ts';
import { mailHtml } from './render-html.ts';
import { mailText } from './render-text.ts';

interface WaiverExpiryMail {
  /** `app/job:tag` */
  project: string;
  /** The index file of the entry. */
  file: string;
  /** At least one; what has ended comes first. */
  endings: readonly Ending[];
  siteUrl: string;
  indexUrl: string;
}

const itemsShown = 20;

/**
 * For the people of a project: what the index accepts for it ends soon, or has ended. The subject is
 * `[slipway] EXCEPTIONS: app/job:tag (1 ended, 2 end soon)`.
 */
export function waiverExpiryMail({ project, file, endings, siteUrl, indexUrl }: WaiverExpiryMail): Mail {
  const name = oneLine(project, 120);
  const ended = endings.filter(({ kind }) => kind === 'ended').length;
  const index = webLink(indexUrl);
  const content: MailContent = {
    tone: 'warning',
    title: ended > 0 ? `What was accepted for ${name} has ended` : `What is accepted for ${name} ends soon`,
    paragraphs: [
      ended > 0
        ? 'The index accepted findings of this project until a day that has gone by. They count again: the next build is judged with them, and may be blocked. What is released stays released.'
        : 'The index accepts findings of this project until a day that is near. From the day after on they count again, and builds may be blocked by them.',
    ],
    list: { title: 'Exceptions and VEX statements', items: itemsOf(endings) },
    advice: `Best is to mend what they are about: a newer package, or a newer base. If it still does no harm, look at it again and write a new day into the entry in ${oneLine(file, 200)}, at most 180 days ahead, or a new "last_updated" into the VEX document.`,
    facts: [
      { label: 'Project', value: name },
      { label: 'Entry', value: oneLine(file, 200), code: true },
    ],
    links: [{ label: 'Open the project', address: `${siteUrl}/projects/${project.replace(':', '/')}` }],
    footer: [
      {
        text: `You get this mail because the index entry of ${name} names you in notify-email. To change who gets it, change the entry in the index${index ? ':' : '.'}`,
        link: index,
      },
    ],
  };
  return {
    subject: oneLine(`[slipway] EXCEPTIONS: ${name} (${summaryOf(ended, endings.length - ended)})`, 200),
    text: mailText(content),
    html: mailHtml(content),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Slipway-Project': oneLine(project.replace(/[^\x20-\x7e]/g, ''), 200),
      'X-Slipway-Status': 'exceptions',
    },
    topic: name,
  };
}

function summaryOf(ended: number, soon: number): string {
  return [
    ...(ended > 0 ? [`${ended} ended`] : []),
    ...(soon > 0 ? [`${soon} ${soon === 1 ? 'ends' : 'end'} soon`] : []),
  ].join(', ');
}

function itemsOf(endings: readonly Ending[]): string[] {
  const shown = endings.slice(0, itemsShown).map(inWords);
  return endings.length > itemsShown ? [...shown, `and ${endings.length - itemsShown} more`] : shown;
}

function inWords({ kind, id, packages, owner, file, reason, expires }: Ending): string {
  const what = `${oneLine(id, 200)}${packages.length > 0 ? ` in ${oneLine(packages.join(', '), 200)}` : ''}`;
  const end = `${kind === 'ended' ? 'ended with' : 'ends with'} ${expires}`;
  const whose = file ? `${oneLine(file, 200)}, by ${oneLine(owner, 200)}` : `owner: ${oneLine(owner, 200)}`;
  return `${what} ${end} (${whose})${reason ? `: ${oneLine(reason, 300)}` : ''}`;
}
