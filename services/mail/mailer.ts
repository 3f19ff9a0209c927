import { createHash } from 'node:crypto';
import { SESClient, SESServiceException, SendRawEmailCommand } from '@aws-sdk/client-ses';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { Mail, Recipient } from '../../core/mail/content.ts';
import { distinctAddresses, mailAddress } from '../../core/mail/distinct-addresses.ts';
import { renderMail } from '../../core/mail/render.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { openSentMails, type SentMails } from '../tables/sent-mails.ts';

/** SES accepted neither the whole message nor any single recipient. Trying again cannot help. */
export class MailRejectedError extends Error {
  override readonly name = 'MailRejectedError';
}

/** A mail and its recipients. */
interface Letter {
  /** Names the mail: the same one when it is tried again. */
  id: string;
  to: readonly Recipient[];
  mail: Mail;
}

export interface Delivery {
  sent: string[];
  /** Addresses that got nothing, with the reason. */
  dropped: { address: string; reason: string }[];
}

/** Trying again cannot help. SES gives these errors both for the recipient and for the message; only the text tells which. */
const rejections = ['MessageRejected', 'InvalidParameterValue'];

/** Sends mails through SES. It composes the MIME message itself, because only a raw message can have a List-Unsubscribe header. */
export function createMailer({
  client,
  sender,
  configurationSet,
  sentMails,
}: {
  client: SESClient;
  sender: string;
  /** Has SES tell which mails bounced. */
  configurationSet: string;
  sentMails: SentMails;
}) {
  return {
    /**
     * Sends each recipient a message of its own, because a link in it unsubscribes that recipient. One that SES refuses does not keep the
     * mail from the others. Who got the mail is recorded, so that another try after a failure sends it only to the others.
     * @throws MailRejectedError if SES accepts the mail for no recipient
     */
    async send({ id, to, mail }: Letter): Promise<Delivery> {
      const { valid, dropped } = validRecipients(to);
      const recorded = await sentMails.recipientsOf(id);
      const sent: string[] = [];
      for (const recipient of valid) {
        const { address } = recipient;
        if (!recorded.has(address)) {
          const refusal = await sendRaw(recipient, mail);
          if (refusal !== undefined) {
            dropped.push({ address, reason: refusal });
            continue;
          }
          await sentMails.record(id, [address]);
        }
        sent.push(address);
      }
      if (valid.length > 0 && sent.length === 0) {
        throw new MailRejectedError(`SES accepted the mail for no recipient: ${dropped.at(-1)?.reason}`);
      }
      return { sent, dropped };
    },
  };

  /** Why SES refuses the message; undefined where it takes it. */
  async function sendRaw(recipient: Recipient, mail: Mail): Promise<string | undefined> {
    const message = await compose(recipient, mail, sender);
    try {
      await client.send(
        new SendRawEmailCommand({
          Source: sender,
          Destinations: [recipient.address],
          RawMessage: { Data: message },
          ConfigurationSetName: configurationSet,
        }),
      );
      return undefined;
    } catch (error) {
      if (!(error instanceof SESServiceException) || !rejections.includes(error.name)) throw error;
      return error.message;
    }
  }
}

export type Mailer = ReturnType<typeof createMailer>;

export const openMailer = once(() =>
  createMailer({
    client: new SESClient({}),
    sender: variable('SENDER'),
    configurationSet: variable('MAIL_CONFIGURATION_SET'),
    sentMails: openSentMails(),
  }),
);

function compose(recipient: Recipient, mail: Mail, sender: string): Promise<Buffer> {
  const { text, html } = renderMail(mail, recipient);
  return new MailComposer({
    from: { name: 'Slipway', address: sender },
    to: { name: '', address: recipient.address },
    subject: mail.subject,
    text,
    html,
    headers: {
      // Asks mail programs not to answer by themselves: https://www.rfc-editor.org/rfc/rfc3834#section-5
      'Auto-Submitted': 'auto-generated',
      ...listHeaders(domainOf(sender), mail.topic, recipient),
      ...mail.headers,
    },
    textEncoding: 'quoted-printable',
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
}

const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1);

/**
 * Mail programs offer to unsubscribe with one click (https://www.rfc-editor.org/rfc/rfc8058; SES signs these headers, as it requires), and
 * show the mails of one topic as one thread: they refer to a first mail that nobody ever got, because SES gives each mail an id of its own
 * (https://www.rfc-editor.org/rfc/rfc5322#section-3.6.4).
 */
function listHeaders(domain: string, topic: string, { unsubscribeLink }: Recipient): Record<string, string> {
  const thread = createHash('sha256').update(topic).digest('hex').slice(0, 32);
  const headers = { 'List-Id': `Slipway <slipway.${domain}>`, References: `<slipway.${thread}@${domain}>` };
  if (unsubscribeLink === undefined) return headers;
  return {
    ...headers,
    'List-Unsubscribe': `<${unsubscribeLink}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  };
}

/** Each address once, as SES accepts it. Texts that cannot be an address are `dropped`. */
function validRecipients(to: readonly Recipient[]): { valid: Recipient[]; dropped: Delivery['dropped'] } {
  const dropped = to
    .filter(({ address }) => mailAddress(address) === undefined)
    .map(({ address }) => ({ address, reason: 'This is not an e-mail address.' }));
  const links = new Map(to.map((recipient) => [mailAddress(recipient.address)?.toLowerCase(), recipient]));
  const valid = distinctAddresses(to.map(({ address }) => address)).map((address) => ({
    ...links.get(address.toLowerCase()),
    address,
  }));
  return { valid, dropped };
}
