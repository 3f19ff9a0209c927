import { oneLine, webLink } from '../text/one-line.ts';
import type { List, Mail, MailContent } from './content.ts';

/** What the mails to the same people have in common. */

/**
 * Why somebody gets a mail, because the entry of a project names them, and where that is changed.
 * @param more about this kind of mail, before it says where
 */
export function footerForOwners(project: string, indexUrl: string | undefined, more = ''): MailContent['footer'] {
  return footerOfEntries(`the index entry of ${oneLine(project, 120)} lists`, 'that entry', indexUrl, more);
}

/** The same, of a mail about several projects. */
export function footerForOwnersOfSeveral(indexUrl: string | undefined): MailContent['footer'] {
  return footerOfEntries('the index entries of these projects lists', 'those entries', indexUrl, '');
}

function footerOfEntries(
  because: string,
  entries: string,
  indexUrl: string | undefined,
  more: string,
): MailContent['footer'] {
  const link = indexUrl === undefined ? undefined : webLink(indexUrl);
  const what = more ? 'either' : 'who gets these mails';
  const text = `You get this mail because notify-email in ${because} your address.${more && ` ${more}`} To change ${what}, edit ${entries} in the index${link ? ':' : '.'}`;
  return [{ text, link }];
}

export const footerForOperators: MailContent['footer'] = [
  { text: 'You get this mail because the configuration of this Slipway lists your address as an operator.' },
];

/** More of one kind than these make a mail that nobody reads. */
export const itemsShown = 20;

/**
 * The first items, each in one line, and how many more there are.
 * @param where they are all: `see the page of the build`
 */
export function firstItems<Item extends List['items'][number]>(
  items: readonly Item[],
  where?: string,
): (Item | string)[] {
  const shown = items.slice(0, itemsShown).map((item) => (typeof item === 'string' ? oneLine(item, 600) : item));
  if (items.length <= itemsShown) return shown;
  return [...shown, `and ${items.length - itemsShown} more${where === undefined ? '' : `: ${where}`}`];
}

/** The headers that filters of mail programs use. */
export function projectHeaders(project: string, status: string): Mail['headers'] {
  return { 'X-Slipway-Project': headerValue(project), 'X-Slipway-Status': status };
}

/** Printable ASCII only. */
export function headerValue(value: string): string {
  return oneLine(value.replace(/[^\x20-\x7e]/g, ''), 200);
}
