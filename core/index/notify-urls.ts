import * as z from 'zod';
import { type NotifyUrl, notifiedEvents, notifyFormats } from '../model/notify-url.ts';
import { quoted } from '../text/visible.ts';
import { listOf, oneOf, rule, text } from './values.ts';

/** Each gets every event. */
export const mostNotifyUrls = 5;

const address = text
  .check(
    rule((value) => {
      const url = URL.parse(value);
      if (!url || !/^https?:$/.test(url.protocol))
        return `${quoted(value)} is not an address. Write it as https://host/path.`;
      return url.username || url.password
        ? 'The address contains a user name or password, which everybody can read. Have the operators store it: "secret".'
        : undefined;
    }),
  )
  .meta({ pattern: '^https?://[^@\\s]+$' });

const secretName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/;

export const notifyUrlMapping = z
  .strictObject(
    {
      url: address.optional().describe('The address. Everybody who reads the index can read it.'),
      secret: text
        .check(
          rule((value) =>
            secretName.test(value)
              ? undefined
              : `${quoted(value)} is not a name of a secret: use letters and digits, with ".", "-" and "_" between them.`,
          ),
        )
        .meta({ pattern: secretName.source })
        .optional()
        .describe('The name under which the operators have stored the address for the app-id.'),
      format: oneOf(notifyFormats).optional().describe('`cloudevents` if absent; or a message for Slack or Teams.'),
      events: listOf(oneOf(notifiedEvents), 'an event').optional().describe('What it is notified of; all if absent.'),
    },
    { error: 'It must be an address, or a mapping with url or secret, format and events.' },
  )
  .check(
    z.superRefine(({ url, secret }, context) => {
      if ((url === undefined) === (secret === undefined))
        context.addIssue({ code: 'custom', message: 'Write one of url and secret.' });
    }),
  );

export const notifyUrl = z.union([address, notifyUrlMapping], {
  error: 'It must be an address, or a mapping with url or secret, format and events.',
});

type Written = z.infer<typeof notifyUrl>;

/** The addresses of an entry, each once. */
export function notifyUrlsOf(written: Written | Written[] | null | undefined): NotifyUrl[] | undefined {
  if (written === null || written === undefined) return undefined;
  const read = [written].flat().map((each): NotifyUrl => {
    if (typeof each === 'string') return { url: each, format: 'cloudevents' };
    const { url, secret, format, events } = each;
    const wanted = events ? [events].flat().map((event) => event.toLowerCase()) : undefined;
    return {
      url,
      secret,
      format: notifyFormats.find((known) => known === format?.toLowerCase()) ?? 'cloudevents',
      events: wanted && notifiedEvents.filter((event) => wanted.includes(event)),
    };
  });
  return [...new Map(read.map((each) => [each.url ?? `secret ${each.secret}`, each])).values()];
}
