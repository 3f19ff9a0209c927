import { z } from 'zod';
import type { Inbox } from '../../inbox/inbox.ts';
import { physicalName } from '../physical-name.ts';
import { type Account, AwsError, operation, resourceType, type Service } from '../service.ts';
import { reportedEvents } from './mailbox-simulator.ts';
import { addressesIn, addressesOf, invalid, newMessageId, parseMessage, type RawMessage, sealed } from './message.ts';

/** https://docs.aws.amazon.com/ses/latest/dg/quotas.html */
const maxRecipients = 50;
const maxMessageBytes = 10 * 1024 * 1024;
const maxLineLength = 1000;

const emailIdentity = z.strictObject({ EmailIdentity: z.string(), Tags: z.unknown().optional() });

const eventDestination = z.strictObject({
  ConfigurationSetName: z.string(),
  EventDestination: z.strictObject({
    Name: z.string().optional(),
    Enabled: z.boolean().default(true),
    MatchingEventTypes: z.array(z.enum(['bounce', 'complaint', 'delivery', 'send', 'reject', 'deliveryDelay'])),
    EventBridgeDestination: z.strictObject({ EventBusArn: z.string() }),
  }),
});

const sendRawEmail = z.strictObject({
  Source: z.string().optional(),
  Destinations: z.array(z.string()).optional(),
  RawMessage: z.strictObject({ Data: z.base64() }),
  ConfigurationSetName: z.string().optional(),
  FromArn: z.string().optional(),
  SourceArn: z.string().optional(),
  ReturnPathArn: z.string().optional(),
  Tags: z
    .array(z.strictObject({ Name: z.string().regex(/^[\w-]{1,256}$/), Value: z.string().regex(/^[\w-]{1,256}$/) }))
    .optional(),
});

/**
 * SES whose mail goes to the machine's inbox. An identity of the template is verified at once, as if the owner had followed the link
 * in Amazon's mail or published the DKIM records. The account is out of the sandbox: any recipient is allowed.
 */
export function createSes(account: Account, inbox: Inbox): Service {
  const identities = new Set<string>();
  /** By name: the kinds of events that each reports to EventBridge. */
  const configurationSets = new Map<string, Set<string>>();
  const arnOf = (type: 'identity' | 'configuration-set', name: string) =>
    `arn:aws:ses:${account.region}:${account.id}:${type}/${name}`;

  /** The verified identity that lets an address send: the address without its +label, its domain, or a domain above it. */
  function identityOf(address: string): string | undefined {
    const at = address.lastIndexOf('@');
    const local = address.slice(0, at).replace(/\+.*$/, '');
    const domain = address.slice(at + 1).toLowerCase();
    const labels = domain.split('.');
    const names = [
      `${address.slice(0, at)}@${domain}`,
      `${local}@${domain}`,
      ...labels.map((_, index) => labels.slice(index).join('.')),
    ];
    return names.find((name) => identities.has(name));
  }

  async function send(input: z.infer<typeof sendRawEmail>): Promise<{ MessageId: string }> {
    const raw = Buffer.from(input.RawMessage.Data, 'base64');
    if (raw.length > maxMessageBytes)
      throw invalid(`Message length is more than ${maxMessageBytes} bytes long: '${raw.length}'.`);
    const message = parseMessage(raw);
    if (longestLine(raw) > maxLineLength) throw invalid(`Maximum line length exceeded: ${maxLineLength} characters.`);

    const senders = sendersOf(message, input.Source);
    const recipients = recipientsOf(message, input.Destinations);
    const unverified = senders.filter((address) => !identityOf(address));
    if (unverified.length > 0) {
      throw new AwsError(
        'MessageRejected',
        `Email address is not verified. The following identities failed the check in region ${account.region.toUpperCase()}: ${unverified.join(', ')}`,
      );
    }
    const [sender = ''] = senders;
    const set = configurationSetOf(input, message);
    if (set !== undefined && !configurationSets.has(set))
      throw new AwsError('ConfigurationSetDoesNotExist', `Configuration set <${set}> does not exist.`);

    const now = new Date();
    const messageId = newMessageId(now);
    await inbox.deliver({ from: sender, to: recipients }, sealed(message, messageId, now));
    account.log('ses', `mail to ${recipients.join(', ')}`);
    if (set !== undefined) {
      const configurationSet = { name: set, arn: arnOf('configuration-set', set) };
      const mail = { source: sender, recipients, messageId, configurationSet, at: now };
      for (const event of reportedEvents(mail, configurationSets.get(set) ?? new Set())) account.emit(event);
    }
    return { MessageId: messageId };
  }

  return {
    signingName: 'ses',
    protocol: 'query',
    operations: {
      SendRawEmail: operation({
        input: sendRawEmail,
        permissions(input) {
          const message = parseMessage(Buffer.from(input.RawMessage.Data, 'base64'));
          const senders = sendersOf(message, input.Source);
          // https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html#iam-and-ses-keys
          const context = {
            'ses:FromAddress': senders,
            'ses:Recipients': recipientsOf(message, input.Destinations),
          };
          const set = configurationSetOf(input, message);
          return [
            ...senders.map((sender) => arnOf('identity', identityOf(sender) ?? sender)),
            ...(set === undefined ? [] : [arnOf('configuration-set', set)]),
          ].map((resource) => ({ action: 'ses:SendRawEmail', resource, context }));
        },
        handle: (input) => send(input),
      }),
    },
    resources: {
      'AWS::SES::EmailIdentity': resourceType({
        properties: emailIdentity,
        create({ properties }) {
          const name = properties.EmailIdentity;
          const [local, domain = ''] = name.includes('@') ? name.split('@') : ['', name];
          const stored = local ? `${local}@${domain.toLowerCase()}` : domain.toLowerCase();
          identities.add(stored);
          return { ref: name };
        },
      }),
      'AWS::SES::ConfigurationSet': resourceType({
        properties: z.strictObject({ Name: z.string().optional() }),
        create({ properties, ...resource }) {
          const name = properties.Name ?? physicalName(resource, 64);
          configurationSets.set(name, new Set());
          return { ref: name };
        },
      }),
      'AWS::SES::ConfigurationSetEventDestination': resourceType({
        properties: eventDestination,
        create({ properties, ...resource }) {
          const { ConfigurationSetName, EventDestination } = properties;
          const reported = configurationSets.get(ConfigurationSetName);
          if (!reported)
            throw new AwsError(
              'ConfigurationSetDoesNotExist',
              `Configuration set <${ConfigurationSetName}> does not exist.`,
            );
          if (EventDestination.Enabled) for (const type of EventDestination.MatchingEventTypes) reported.add(type);
          return { ref: `${ConfigurationSetName}|${EventDestination.Name ?? physicalName(resource, 64)}` };
        },
      }),
    },
  };
}

/** SES checks `Source` where it is given, and From, Sender and Return-Path of the message. */
function sendersOf(message: RawMessage, source: string | undefined): string[] {
  const from = addressesIn(message, 'from');
  if (from.length === 0) {
    const there = message.fields.some(({ name }) => name === 'from');
    throw invalid(there ? "Empty required header 'From'." : "Missing required header 'From'.");
  }
  const others = ['sender', 'return-path'].flatMap((name) => addressesIn(message, name));
  return [...new Set([...(source === undefined ? [] : addressesOf(source)), ...from, ...others])];
}

/** `Destinations` is the envelope where it is given; otherwise To, Cc and Bcc are. */
function recipientsOf(message: RawMessage, destinations: string[] = []): string[] {
  const headers = ['to', 'cc', 'bcc'].flatMap((name) => addressesIn(message, name));
  const recipients = destinations.length > 0 ? destinations.flatMap(addressesOf) : headers;
  if (recipients.length === 0) throw invalid("Missing required header 'To'.");
  if (recipients.length > maxRecipients) throw invalid(`Recipient count exceeds ${maxRecipients}.`);
  return [...new Set(recipients)];
}

function configurationSetOf(
  { ConfigurationSetName }: z.infer<typeof sendRawEmail>,
  message: RawMessage,
): string | undefined {
  return ConfigurationSetName ?? message.fields.find(({ name }) => name === 'x-ses-configuration-set')?.value;
}

function longestLine(raw: Buffer): number {
  let longest = 0;
  for (let start = 0; start < raw.length; ) {
    const end = raw.indexOf(0x0a, start);
    const next = end < 0 ? raw.length : end + 1;
    longest = Math.max(longest, next - start);
    start = next;
  }
  return longest;
}
