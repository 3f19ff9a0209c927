import type { WaiverExpiry } from '../policy/waiver-expiry.ts';
import { oneLine } from '../text/one-line.ts';
import type { Mail, MailContent } from './content.ts';
import { firstItems, footerForOwners, projectHeaders } from './frame.ts';

interface WaiverExpiryMail {
  /** `app/job:tag` */
  project: string;
  /** The index file of the entry. */
  file: string;
  /** At least one; those that have ended come first. */
  expiries: readonly WaiverExpiry[];
  siteUrl: string;
  indexUrl: string;
}

/**
 * For the owners of a project: waivers of its findings end soon, or have ended. The subject is
 * `[slipway] EXCEPTIONS: app/job:tag (1 ended, 2 end soon)`.
 */
export function waiverExpiryMail({ project, file, expiries, siteUrl, indexUrl }: WaiverExpiryMail): Mail {
  const name = oneLine(project, 120);
  const ended = expiries.filter(({ kind }) => kind === 'ended').length;
  const content: MailContent = {
    tone: 'warning',
    title: ended > 0 ? `Exceptions for ${name} have ended` : `Exceptions for ${name} end soon`,
    paragraphs: [
      ended > 0
        ? 'The index accepted findings of this project until a day that has passed. These findings count again and may block the next build. Images that are released stay released.'
        : 'The index accepts findings of this project only for a few more days. After that they count again and may block builds.',
    ],
    list: { title: 'Exceptions and VEX statements', items: itemsOf(expiries) },
    advice: `It is best to fix the findings with a newer package or a newer base image. If you have checked that a finding still does no harm, set a new "expires", at most 180 days ahead, in the entry in ${oneLine(file, 200)}, or a new "last_updated" in the VEX document.`,
    facts: [
      { label: 'Project', value: name },
      { label: 'Entry', value: oneLine(file, 200), code: true },
    ],
    links: [{ label: 'Open the project', address: `${siteUrl}/projects/${project.replace(':', '/')}` }],
    footer: footerForOwners(project, indexUrl),
  };
  return {
    subject: oneLine(`[slipway] EXCEPTIONS: ${name} (${summaryOf(ended, expiries.length - ended)})`, 200),
    content,
    headers: projectHeaders(project, 'exceptions'),
    topic: name,
  };
}

function summaryOf(ended: number, soon: number): string {
  return [
    ...(ended > 0 ? [`${ended} ended`] : []),
    ...(soon > 0 ? [`${soon} ${soon === 1 ? 'ends' : 'end'} soon`] : []),
  ].join(', ');
}

function itemsOf(expiries: readonly WaiverExpiry[]): string[] {
  return firstItems(expiries.map(describeExpiry));
}

function describeExpiry({ kind, id, packages, owner, file, reason, expires }: WaiverExpiry): string {
  const what = `${oneLine(id, 200)}${packages.length > 0 ? ` in ${oneLine(packages.join(', '), 200)}` : ''}`;
  const end = `${kind === 'ended' ? 'was' : 'is'} accepted until ${expires}`;
  const source = file ? `${oneLine(file, 200)}, by ${oneLine(owner, 200)}` : `owner: ${oneLine(owner, 200)}`;
  return `${what} ${end} (${source})${reason ? `: ${oneLine(reason, 300)}` : ''}`;
}
