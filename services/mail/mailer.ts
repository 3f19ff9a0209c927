import { domainToASCII } from 'node:url';
import { SESClient, SESServiceException, SendRawEmailCommand } from '@aws-sdk/client-ses';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { Mail } from '../../core/mail/build-mail.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';

/** Neither the whole message nor any single recipient was taken. Trying again cannot help. */
export class MailRejectedError extends Error {
  override readonly name = 'MailRejectedError';
}

export interface Delivery {
  sent: string[];
  /** Addresses that got nothing, with the reason. */
  dropped: { address: string; reason: string }[];
}

/** https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html: no more in one call. */
const recipientsAtOnce = 50;

/** The errors that SES gives for one address of several, and for the message itself: the text alone tells them apart. */
const rejections = ['MessageRejected', 'InvalidParameterValue'];

/** Sends mails through SES, as MIME of its own making: only so can a mail have List-Unsubscribe. */
export function createMailer({ client, sender }: { client: SESClient; sender: string }) {
  return {
    /**
     * One message to everyone, or one for every fifty. An address that is wrong costs nobody else the mail.
     * @throws MailRejectedError if SES takes the mail for nobody
     */
    async send({
      to,
      mail,
      tags = {},
    }: {
      to: string[];
      mail: Mail;
      tags?: Record<string, string>;
    }): Promise<Delivery> {
      const { valid, dropped } = sorted(to);
      const sent: string[] = [];
      for (let at = 0; at < valid.length; at += recipientsAtOnce) {
        const delivery = await deliver(valid.slice(at, at + recipientsAtOnce), mail, tags);
        sent.push(...delivery.sent);
        dropped.push(...delivery.dropped);
      }
      if (valid.length > 0 && sent.length === 0) {
        throw new MailRejectedError(`SES took the mail for nobody: ${dropped.at(-1)?.reason}`);
      }
      return { sent, dropped };
    },
  };

  /** SES refuses a whole message for one recipient that it does not take; then each gets a message of their own. */
  async function deliver(recipients: string[], mail: Mail, tags: Record<string, string>): Promise<Delivery> {
    try {
      await sendRaw(recipients, mail, tags);
      return { sent: recipients, dropped: [] };
    } catch (error) {
      if (!(error instanceof SESServiceException) || !rejections.includes(error.name)) throw error;
      const [first = ''] = recipients;
      if (recipients.length === 1) return { sent: [], dropped: [{ address: first, reason: error.message }] };
    }
    const delivery: Delivery = { sent: [], dropped: [] };
    for (const recipient of recipients) {
      const one = await deliver([recipient], mail, tags);
      delivery.sent.push(...one.sent);
      delivery.dropped.push(...one.dropped);
    }
    return delivery;
  }

  async function sendRaw(recipients: string[], mail: Mail, tags: Record<string, string>): Promise<void> {
    await client.send(
      new SendRawEmailCommand({
        Source: sender,
        Destinations: recipients,
        RawMessage: { Data: await compose(recipients, mail, sender) },
        ...(Object.keys(tags).length > 0
          ? { Tags: Object.entries(tags).map(([Name, Value]) => ({ Name, Value })) }
          : {}),
      }),
    );
  }
}

export type Mailer = ReturnType<typeof createMailer>;

export const openMailer = once(() => createMailer({ client: new SESClient({}), sender: variable('SENDER') }));

function compose(to: string[], mail: Mail, sender: string): Promise<Buffer> {
  return new MailComposer({
    from: { name: 'Slipway', address: sender },
    to: to.map((address) => ({ name: '', address })),
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    headers: { ...listHeaders(sender, mail.topic), ...mail.headers },
    textEncoding: 'quoted-printable',
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
}

/**
 * Who wants no more of these writes to the sender; a one-click address would need a list that the index does not have.
 * https://www.rfc-editor.org/rfc/rfc2369#section-3.2, https://www.rfc-editor.org/rfc/rfc2919
 */
function listHeaders(sender: string, topic: string): Record<string, string> {
  return {
    'List-Id': `Slipway <slipway.${sender.slice(sender.lastIndexOf('@') + 1)}>`,
    'List-Unsubscribe': `<mailto:${sender}?subject=${encodeURIComponent(`unsubscribe ${topic}`)}>`,
  };
}

/** Each address once, the domain as DNS knows it; what cannot be an address stands aside. */
function sorted(addresses: string[]): { valid: string[]; dropped: Delivery['dropped'] } {
  const valid = new Map<string, string>();
  const dropped: Delivery['dropped'] = [];
  for (const address of addresses) {
    const normal = normalAddress(address.trim());
    if (normal) valid.set(normal.toLowerCase(), normal);
    else dropped.push({ address, reason: 'This is no e-mail address.' });
  }
  return { valid: [...valid.values()], dropped };
}

/** SES takes only ASCII before the @, and punycode after it. https://docs.aws.amazon.com/ses/latest/APIReference/API_Destination.html */
function normalAddress(address: string): string | undefined {
  const [, local = '', host = ''] =
    /^([\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*)@([^\s@]+)$/.exec(address) ?? [];
  const domain = domainToASCII(host);
  const isDomain = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(domain);
  return isDomain && local.length <= 64 && domain.length <= 253 ? `${local}@${domain}` : undefined;
}
