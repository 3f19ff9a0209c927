import { SESClient, SendRawEmailCommand } from '@aws-sdk/client-ses';
import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import PostalMime from 'postal-mime';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failuresOf } from '../../../core/mail/mail-failure.ts';
import { createIam } from '../../../local/aws/iam/iam.ts';
import type { Service } from '../../../local/aws/service.ts';
import { createSes } from '../../../local/aws/ses/ses.ts';
import { createInbox, type Inbox } from '../../../local/inbox/inbox.ts';
import { declareRole, type EndpointHost, hostEndpoint } from './endpoint-host.ts';

let host: EndpointHost;
let iam: Service;
let ses: Service;
let inbox: Inbox;
let client: SESClient;
let events: unknown[];
const sender = 'slipway@example.org';

beforeEach(async () => {
  events = [];
  host = await hostEndpoint((account) => {
    iam = createIam(account);
    inbox = createInbox(account.database);
    ses = createSes(account, inbox);
    account.connect({ emit: (event) => void events.push(event) });
    return [iam, ses];
  });
  client = new SESClient(host.as(host.account.iam.ownerKeys()));
  await host.declare(ses, 'AWS::SES::EmailIdentity', 'Sender', { EmailIdentity: sender });
});
afterEach(() => host[Symbol.asyncDispose]());

const raw = (...lines: string[]) => Buffer.from([...lines, '', 'Hello.', ''].join('\r\n'));
const send = (data: Uint8Array, more: object = {}) =>
  client.send(new SendRawEmailCommand({ RawMessage: { Data: data }, ...more }));
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'sent',
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe('a mail', () => {
  test('arrives in the inbox as it was written, with the id and the date of SES', async () => {
    const data = await new MailComposer({
      from: `Slipway <${sender}>`,
      to: 'Ada <ada@example.com>',
      cc: 'grace@example.com',
      bcc: 'hidden@example.com',
      subject: 'Released: größer 🎉',
      text: 'It is out.',
      html: '<p>It is out.</p>',
      headers: { 'List-Unsubscribe': '<https://example.org/unsubscribe>' },
      messageId: '<mine@example.org>',
      date: new Date(0),
    })
      .compile()
      .build();
    const { MessageId = '' } = await send(data);
    expect(MessageId).toMatch(/^0100[0-9a-f]{12}-[0-9a-f-]{36}-000000$/);
    const [summary] = inbox.list({ limit: 10 });
    expect(summary).toMatchObject({
      from: sender,
      subject: 'Released: größer 🎉',
      to: ['ada@example.com', 'grace@example.com'],
    });
    const stored = inbox.find(summary?.id ?? '');
    const message = await PostalMime.parse(stored?.raw ?? '');
    expect(message).toMatchObject({
      messageId: `<${MessageId}@email.amazonses.com>`,
      text: 'It is out.\n',
      html: '<p>It is out.</p>\n',
    });
    expect(message.bcc).toBeUndefined();
    expect(Math.abs(Date.parse(message.date ?? '') - Date.now())).toBeLessThan(60_000);
    expect(message.headers.filter(({ key }) => key === 'date' || key === 'message-id')).toHaveLength(2);
    expect(message.headers.find(({ key }) => key === 'list-unsubscribe')?.value).toContain(
      'https://example.org/unsubscribe',
    );
  });

  test('to more than the headers say goes to the destinations alone', async () => {
    await send(raw(`From: ${sender}`, 'To: ada@example.com', 'Subject: x'), {
      Destinations: ['Grace <grace@example.com>'],
    });
    expect(inbox.list({ limit: 1 })[0]?.to).toEqual(['grace@example.com']);
  });

  test('from an address that nobody has verified is rejected in the words of SES', async () => {
    expect(await refusal(send(raw('From: eve@example.org', 'To: ada@example.com')))).toBe(
      'MessageRejected: Email address is not verified. The following identities failed the check in region US-EAST-1: eve@example.org',
    );
  });

  test('may come from a label of the verified address, and from any address of a verified domain', async () => {
    await host.declare(ses, 'AWS::SES::EmailIdentity', 'Domain', { EmailIdentity: 'Example.NET' });
    for (const from of [
      'slipway+ci@example.org',
      'slipway@EXAMPLE.org',
      'anyone@example.net',
      'anyone@mail.example.net',
    ]) {
      expect(await refusal(send(raw(`From: ${from}`, 'To: ada@example.com')))).toBe('sent');
    }
    expect(await refusal(send(raw('From: anyone@notexample.net', 'To: ada@example.com')))).toContain('MessageRejected');
  });

  test.each([
    ['no recipient', [`From: ${sender}`], "InvalidParameterValue: Missing required header 'To'."],
    ['no sender', ['To: ada@example.com'], "InvalidParameterValue: Missing required header 'From'."],
    [
      'two senders’ lines',
      [`From: ${sender}`, 'From: eve@example.org', 'To: ada@example.com'],
      "InvalidParameterValue: Duplicate header 'From'.",
    ],
    ['a name for an address', [`From: ${sender}`, 'To: ada'], "InvalidParameterValue: Missing final '@domain'"],
    [
      'a domain with dots',
      [`From: ${sender}`, 'To: ada@example..com'],
      'InvalidParameterValue: Domain contains dot-dot',
    ],
    [
      'one bad address among good ones',
      [`From: ${sender}`, 'To: ada@example.com, @example.com'],
      'InvalidParameterValue: Missing local name',
    ],
    [
      'a line without a name',
      [`From: ${sender}`, 'To: ada@example.com', ': x'],
      'InvalidParameterValue: Empty header names are illegal.',
    ],
    [
      'a bare carriage return in a header',
      [`From: ${sender}`, 'To: ada@example.com', 'Subject: x\rBcc: eve@example.org'],
      "InvalidParameterValue: Header 'Subject' contains an illegal control character.",
    ],
    [
      '51 recipients',
      [`From: ${sender}`, `To: ${Array.from({ length: 51 }, (_, index) => `a${index}@example.com`).join(',\r\n ')}`],
      'InvalidParameterValue: Recipient count exceeds 50.',
    ],
  ])('with %s is refused', async (_name, lines, message) => {
    expect(await refusal(send(raw(...lines)))).toBe(message);
    expect(inbox.list({ limit: 1 })).toEqual([]);
  });

  test('of more than 10 MB is refused', async () => {
    const body = `${'x'.repeat(76)}\r\n`.repeat(140_000);
    const data = Buffer.concat([raw(`From: ${sender}`, 'To: ada@example.com'), Buffer.from(body)]);
    expect(await refusal(send(data))).toMatch(
      /^InvalidParameterValue: Message length is more than 10485760 bytes long/,
    );
  });

  test('from a role needs a permission for the identity that it is sent from', async () => {
    const arn = `arn:aws:ses:us-east-1:123456789012:identity/${sender}`;
    const allowed = await declareRole(host, iam, 'May', [
      { Effect: 'Allow', Action: 'ses:SendRawEmail', Resource: arn },
    ]);
    const other = await declareRole(host, iam, 'MayNot', [
      { Effect: 'Allow', Action: 'ses:SendRawEmail', Resource: `${arn}.uk` },
    ]);
    const message = raw(`From: ${sender}`, 'To: ada@example.com');
    client = new SESClient(host.as(host.account.iam.keysOf(allowed)));
    expect(await refusal(send(message))).toBe('sent');
    client = new SESClient(host.as(host.account.iam.keysOf(other)));
    expect(await refusal(send(message))).toMatch(
      /^AccessDenied: User `.*' is not authorized to perform `ses:SendRawEmail' on resource/,
    );
  });

  test('of a configuration set that is not there is refused', async () => {
    const message = raw(`From: ${sender}`, 'To: ada@example.com');
    expect(await refusal(send(message, { ConfigurationSetName: 'none' }))).toBe(
      'ConfigurationSetDoesNotExistException: Configuration set <none> does not exist.',
    );
  });
});

describe('a mail of a configuration set', () => {
  let set: string;
  beforeEach(async () => {
    ({ ref: set } = await host.declare(ses, 'AWS::SES::ConfigurationSet', 'Mails', {}));
    await host.declare(ses, 'AWS::SES::ConfigurationSetEventDestination', 'Failures', {
      ConfigurationSetName: set,
      EventDestination: {
        Enabled: true,
        MatchingEventTypes: ['bounce', 'complaint'],
        EventBridgeDestination: { EventBusArn: 'arn:aws:events:us-east-1:123456789012:event-bus/default' },
      },
    });
  });
  const sendTo = (address: string) => send(raw(`From: ${sender}`, `To: ${address}`), { ConfigurationSetName: set });

  test.each([
    ['bounce@simulator.amazonses.com', 'Email Bounced'],
    ['bounce+label@simulator.amazonses.com', 'Email Bounced'],
    ['complaint@simulator.amazonses.com', 'Email Complaint Received'],
  ])('to %s is reported as SES reports it', async (address, type) => {
    await sendTo(address);
    expect(events).toMatchObject([
      {
        source: 'aws.ses',
        'detail-type': type,
        detail: { mail: { destination: [address], tags: { 'ses:configuration-set': [set] } } },
      },
    ]);
    expect(failuresOf(events[0])).toMatchObject([{ address }]);
  });

  test('that arrives is not reported, nor is one of no set', async () => {
    await sendTo('success@simulator.amazonses.com');
    await send(raw(`From: ${sender}`, 'To: bounce@simulator.amazonses.com'));
    expect(events).toEqual([]);
  });

  test('from a role needs a permission for the set too', async () => {
    const identity = `arn:aws:ses:us-east-1:123456789012:identity/${sender}`;
    const role = await declareRole(host, iam, 'MayNot', [
      { Effect: 'Allow', Action: 'ses:SendRawEmail', Resource: identity },
    ]);
    client = new SESClient(host.as(host.account.iam.keysOf(role)));
    expect(await refusal(sendTo('ada@example.com'))).toContain(`configuration-set/${set}`);
  });
});

test('a property of an identity that nobody knows stops the deployment', async () => {
  await expect(
    host.declare(ses, 'AWS::SES::EmailIdentity', 'Other', { EmailIdentity: 'a@example.org', Surprise: true }),
  ).rejects.toThrow('Surprise');
});
