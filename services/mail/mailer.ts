import { SESClient, SESServiceException, SendRawEmailCommand } from '@aws-sdk/client-ses';
import MailComposer from 'nodemailer/lib/mail-composer';
import { inBatches } from '../../core/concurrency.ts';
import type { Mail } from '../../core/mail/build-mail.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { openSentMails, type SentMails } from '../tables/sent-mails.ts';
import { distinctAddresses, mailAddress } from './mail-address.ts';

/** SES accepted neither the whole message nor any single recipient. Trying again cannot help. */
export class MailRejectedError extends Error {
  override readonly name = 'MailRejectedError';
}

/** A mail and its recipients. */
interface Letter {
  /** Names the mail: the same one when it is tried again. */
  id: string;
  to: string[];
  mail: Mail;
  tags?: Record<string, string>;
}

export interface Delivery {
  sent: string[];
  /** Addresses that got nothing, with the reason. */
  dropped: { address: string; reason: string }[];
}

/** https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html: the limit of one call. */
const recipientsAtOnce = 50;

/** SES gives these errors both for one address of several and for the message itself; only the text tells which. */
const rejections = ['MessageRejected', 'InvalidParameterValue'];

/** Sends mails through SES. It composes the MIME message itself, because only a raw message can have a List-Unsubscribe header. */
export function createMailer({
  client,
  sender,
  sentMails,
}: {
  client: SESClient;
  sender: string;
  sentMails: SentMails;
}) {
  return {
    /**
     * Sends one message to all recipients, or one for every fifty. An invalid address does not keep the mail from the others. Who got the
     * mail is recorded, so that another try after a failure sends it only to the others.
     * @throws MailRejectedError if SES accepts the mail for no recipient
     */
    async send({ id, to, mail, tags = {} }: Letter): Promise<Delivery> {
      const { valid, dropped } = validAddresses(to);
      const recorded = await sentMails.recipientsOf(id);
      const sent = valid.filter((address) => recorded.has(address));
      const waiting = valid.filter((address) => !recorded.has(address));
      const handOver = async (recipients: string[]): Promise<void> => {
        await sendRaw(recipients, mail, tags);
        await sentMails.record(id, recipients);
      };
      for (const recipients of inBatches(waiting, recipientsAtOnce)) {
        const delivery = await deliver(recipients, handOver);
        sent.push(...delivery.sent);
        dropped.push(...delivery.dropped);
      }
      if (valid.length > 0 && sent.length === 0) {
        throw new MailRejectedError(`SES accepted the mail for no recipient: ${dropped.at(-1)?.reason}`);
      }
      return { sent, dropped };
    },
  };

  /** SES refuses a whole message because of one recipient; then each recipient gets a separate message. */
  async function deliver(recipients: string[], handOver: (recipients: string[]) => Promise<void>): Promise<Delivery> {
    try {
      await handOver(recipients);
      return { sent: recipients, dropped: [] };
    } catch (error) {
      if (!(error instanceof SESServiceException) || !rejections.includes(error.name)) throw error;
      const [first = ''] = recipients;
      if (recipients.length === 1) return { sent: [], dropped: [{ address: first, reason: error.message }] };
    }
    const delivery: Delivery = { sent: [], dropped: [] };
    for (const recipient of recipients) {
      const one = await deliver([recipient], handOver);
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

export const openMailer = once(() =>
  createMailer({ client: new SESClient({}), sender: variable('SENDER'), sentMails: openSentMails() }),
);

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
 * To unsubscribe, a recipient writes to the sender, or uses the link of the mail that asked for the confirmation: one message goes to all
 * recipients, so that it has no link of one of them.
 * https://www.rfc-editor.org/rfc/rfc2369#section-3.2, https://www.rfc-editor.org/rfc/rfc2919
 */
function listHeaders(sender: string, topic: string): Record<string, string> {
  return {
    'List-Id': `Slipway <slipway.${sender.slice(sender.lastIndexOf('@') + 1)}>`,
    'List-Unsubscribe': `<mailto:${sender}?subject=${encodeURIComponent(`unsubscribe ${topic}`)}>`,
  };
}

/** Each address once, as SES accepts it. Texts that cannot be an address are `dropped`. */
function validAddresses(addresses: string[]): { valid: string[]; dropped: Delivery['dropped'] } {
  const dropped = addresses
    .filter((address) => mailAddress(address) === undefined)
    .map((address) => ({ address, reason: 'This is not an e-mail address.' }));
  return { valid: distinctAddresses(addresses), dropped };
}
