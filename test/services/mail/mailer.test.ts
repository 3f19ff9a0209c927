import PostalMime from 'postal-mime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Mail } from '../../../core/mail/build-mail.ts';
import { createMailer, MailRejectedError } from '../../../services/mail/mailer.ts';
import { createSentMails } from '../../../services/tables/sent-mails.ts';
import { type FakeSes, startFakeSes } from '../fake-ses.ts';
import { createTables } from '../tables.ts';

const sender = 'slipway@ci.example.org';
const mail: Mail = {
  subject: '[slipway] RELEASED: demo/app:latest (größe 1a2b3c4)',
  text: `Die Größe stimmt – 日本.\n\n${'long '.repeat(500)}\n.\nFrom here\n`,
  html: `<p>Die Größe stimmt – 日本. ${'long '.repeat(500)}</p>`,
  headers: { 'Auto-Submitted': 'auto-generated', 'X-Slipway-Build': '00000000000000aa' },
  topic: 'demo/app:latest',
};

let ses: FakeSes;
beforeAll(async () => {
  ses = await startFakeSes();
});
afterAll(() => ses[Symbol.asyncDispose]());
beforeEach(() => {
  ses.sent.length = 0;
  ses.refuse = () => undefined;
});

const sentMails = createSentMails(createTables([{ name: 'mails', key: 'mail' }]), 'mails');
const mailer = () => createMailer({ client: ses.client, sender, sentMails });
let mails = 0;
const send = (to: string[], over: Partial<Mail> = {}, id = `mail ${mails++}`) =>
  mailer().send({ id, to, mail: { ...mail, ...over } });
const addresses = (count: number) => Array.from({ length: count }, (_, number) => `person${number}@example.org`);

describe('the message', () => {
  it('arrives with subject, text and HTML as they were written', async () => {
    await send(['owner@example.org']);
    const [message] = ses.sent;
    const parsed = await PostalMime.parse(message?.raw ?? '');
    expect(parsed.subject).toBe(mail.subject);
    expect(parsed.text?.trimEnd()).toBe(mail.text.trimEnd());
    expect(parsed.html?.trimEnd()).toBe(mail.html);
    expect(parsed.from).toMatchObject({ name: 'Slipway', address: sender });
    expect(parsed.to).toMatchObject([{ address: 'owner@example.org' }]);
    expect(message).toMatchObject({ source: sender, to: ['owner@example.org'] });
  });

  it('is plain 7-bit MIME with lines that every server takes', async () => {
    await send(['owner@example.org']);
    const raw = ses.sent[0]?.raw.toString('latin1') ?? '';
    expect(raw).toMatch(/content-transfer-encoding: quoted-printable/i);
    expect(raw).toMatch(/charset=utf-8/i);
    expect([...raw].every((character) => character <= '\u007f')).toBe(true);
    expect(raw.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(Math.max(...raw.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998);
  });

  it('says which list it is of and how to leave it', async () => {
    await send(['owner@example.org']);
    const { headers } = await PostalMime.parse(ses.sent[0]?.raw ?? '');
    const header = (name: string) => headers.find(({ key }) => key === name)?.value;
    expect(header('list-unsubscribe')).toBe(`<mailto:${sender}?subject=unsubscribe%20demo%2Fapp%3Alatest>`);
    expect(header('list-id')).toBe('Slipway <slipway.ci.example.org>');
    expect(header('auto-submitted')).toBe('auto-generated');
    expect(header('x-slipway-build')).toBe('00000000000000aa');
  });

  it('has no header of anyone else’s making', async () => {
    await send(['owner@example.org'], {
      subject: 'x\r\nBcc: everyone@example.org',
      topic: 'x\r\nBcc: everyone@example.org',
      headers: { 'X-Slipway-Build': 'x\r\nBcc: everyone@example.org' },
    });
    const { headers } = await PostalMime.parse(ses.sent[0]?.raw ?? '');
    expect(headers.map(({ key }) => key)).not.toContain('bcc');
  });
});

describe('the recipients', () => {
  it('get one message together, each once', async () => {
    await send(['a@example.org', 'b@example.org', 'A@Example.org', ' b@example.org ']);
    expect(ses.sent.map(({ to }) => to)).toEqual([['A@example.org', 'b@example.org']]);
  });

  it('get several messages where there are more than fifty', async () => {
    const { sent } = await send(addresses(120));
    expect(ses.sent.map(({ to }) => to.length)).toEqual([50, 50, 20]);
    expect(sent).toEqual(addresses(120));
  });

  it('that are no addresses cost nobody else the mail, and are named', async () => {
    const wrong = [
      '',
      'nobody',
      'a@',
      '@b.org',
      'a b@example.org',
      'a@exa mple.org',
      'a@b@c.org',
      'a@-x.org',
      'jürgen@example.org',
      'a@x.org\r\nBcc: b@x.org',
      `${'x'.repeat(65)}@example.org`,
    ];
    const { sent, dropped } = await send([...wrong, 'owner@example.org']);
    expect(sent).toEqual(['owner@example.org']);
    expect(dropped.map(({ address }) => address)).toEqual(wrong);
  });

  it('may have domains outside ASCII', async () => {
    expect((await send(['info@bücher.example'])).sent).toEqual(['info@xn--bcher-kva.example']);
  });

  it('that SES refuses cost nobody else the mail, and are named with the reason', async () => {
    const reason =
      'Email address is not verified. The following identities failed the check in region US-EAST-1: b@example.org';
    ses.refuse = ({ to }) => (to.includes('b@example.org') ? ['MessageRejected', reason] : undefined);
    const { sent, dropped } = await send(['a@example.org', 'b@example.org', 'c@example.org']);
    expect(sent).toEqual(['a@example.org', 'c@example.org']);
    expect(dropped).toEqual([{ address: 'b@example.org', reason }]);
  });

  it('may be none', async () => {
    expect(await send([])).toEqual({ sent: [], dropped: [] });
    expect(ses.sent).toEqual([]);
  });
});

describe('a mail that cannot go out', () => {
  it('is an error with a name when SES takes it for nobody', async () => {
    ses.refuse = () => ['MessageRejected', 'Email address is not verified: slipway@ci.example.org'];
    await expect(send(['a@example.org', 'b@example.org'])).rejects.toThrow(MailRejectedError);
  });

  it('is sent again only to those who did not get it, when SES throttles in the middle', async () => {
    let messages = 0;
    ses.refuse = () => {
      messages += 1;
      return messages > 2 ? ['Throttling', 'Maximum sending rate exceeded.'] : undefined;
    };
    await expect(send(addresses(120), {}, 'one mail')).rejects.toMatchObject({ name: 'Throttling' });
    ses.refuse = () => undefined;
    expect((await send(addresses(120), {}, 'one mail')).sent.toSorted()).toEqual(addresses(120).toSorted());
    expect((await send(addresses(120), {}, 'one mail')).dropped).toEqual([]);
    expect(ses.sent.flatMap(({ to }) => to).toSorted()).toEqual(addresses(120).toSorted());
    // Another mail is another matter.
    await send(addresses(1), {}, 'another mail');
    expect(ses.sent.at(-1)?.to).toEqual(addresses(1));
  });

  it('is left to be tried again when SES has a trouble of its own', async () => {
    ses.refuse = () => ['Throttling', 'Maximum sending rate exceeded.'];
    await expect(send(['a@example.org'])).rejects.toMatchObject({ name: 'Throttling' });
  });
});

it('tags go with the message where there are some', async () => {
  await mailer().send({ id: 'tagged', to: ['a@example.org'], mail, tags: { kind: 'released' } });
  expect(ses.sent[0]?.tags).toEqual({ kind: 'released' });
});
