import { SESClient, SendRawEmailCommand, VerifyEmailIdentityCommand } from '@aws-sdk/client-ses';
import type { Case, Side } from './side.ts';

const sender = 'slipway@example.org';
const clients = new Map<Side, SESClient>();

function client(side: Side): SESClient {
  const known = clients.get(side) ?? new SESClient(side.settings);
  clients.set(side, known);
  return known;
}

export async function prepareSes(side: Side): Promise<void> {
  const service = side.host?.services.find(({ signingName }) => signingName === 'ses');
  if (service) await side.host?.declare(service, 'AWS::SES::EmailIdentity', 'Sender', { EmailIdentity: sender });
  else await client(side).send(new VerifyEmailIdentityCommand({ EmailAddress: sender }));
}

/** The id differs from mail to mail. */
async function send(side: Side, lines: string[], more: object = {}): Promise<object> {
  const Data = Buffer.from([...lines, '', 'Hello.', ''].join('\r\n'));
  const answer = await client(side).send(new SendRawEmailCommand({ RawMessage: { Data }, ...more }));
  return { ...answer, MessageId: typeof answer.MessageId };
}

const unknown = 'moto looks at no header, SES does';

export const sesCases: Case[] = [
  { name: 'SendRawEmail', call: (side) => send(side, [`From: ${sender}`, 'To: ada@example.com', 'Subject: x']) },
  {
    name: 'SendRawEmail to destinations',
    call: (side) => send(side, [`From: ${sender}`, 'Subject: x'], { Destinations: ['ada@example.com'] }),
  },
  {
    name: 'SendRawEmail from a name with an address',
    call: (side) => send(side, [`From: Slipway <${sender}>`, 'To: Ada <ada@example.com>']),
  },
  {
    name: 'SendRawEmail from somebody unknown',
    because: 'SES names the region and the identities, moto has a sentence of its own',
    call: (side) => send(side, ['From: eve@example.org', 'To: ada@example.com']),
  },
  {
    name: 'SendRawEmail to 51',
    because: 'both refuse; here it is an invalid parameter, in moto a rejected message',
    call: (side) =>
      send(side, [`From: ${sender}`], {
        Destinations: Array.from({ length: 51 }, (_, index) => `a${index}@example.com`),
      }),
  },
  { name: 'SendRawEmail to nobody', because: unknown, call: (side) => send(side, [`From: ${sender}`, 'Subject: x']) },
  {
    name: 'SendRawEmail to no address',
    because: unknown,
    call: (side) => send(side, [`From: ${sender}`], { Destinations: ['ada'] }),
  },
];
