import PostalMime, { type Email } from 'postal-mime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Mail } from '../../../core/mail/content.ts';
import { renderMail } from '../../../core/mail/render.ts';
import { createMailer, MailRejectedError } from '../../../services/mail/mailer.ts';
import { createSentMails } from '../../../services/tables/sent-mails.ts';
import { type FakeSes, startFakeSes } from '../fake-ses.ts';
import { createTables } from '../tables.ts';

const sender = 'slipway@ci.example.org';
const mail: Mail = {
  subject: '[slipway] RELEASED: demo/app:latest (größe 1a2b3c4)',
  content: {
    tone: 'good',
    title: 'demo/app:latest is released',
    paragraphs: ['Die Größe stimmt – 日本.', 'long'.repeat(500), '.', 'From here'],
    facts: [{ label: 'Digest', value: 'sha256:1' }],
    links: [{ label: 'Open the build', address: 'https://slipway.example/builds/1' }],
    footer: [{ text: 'You get this mail because you do.' }],
  },
  headers: { 'X-Slipway-Build': '00000000000000aa' },
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

const sentMails = createSentMails(createTables(), 'mails');
const mailer = () => createMailer({ client: ses.client, sender, configurationSet: 'mails', sentMails });
let mails = 0;
const send = (to: string[], over: Partial<Mail> = {}, id = `mail ${mails++}`) =>
  mailer().send({ id, to: to.map((address) => ({ address })), mail: { ...mail, ...over } });
const headerOf =
  ({ headers }: Email) =>
  (name: string) =>
    headers.find(({ key }) => key === name)?.value;
const addresses = (count: number) => Array.from({ length: count }, (_, number) => `person${number}@example.org`);

describe('the message', () => {
  it('arrives with subject, text and HTML as they were written', async () => {
    await send(['owner@example.org']);
    const [message] = ses.sent;
    const parsed = await PostalMime.parse(message?.raw ?? '');
    expect(parsed.subject).toBe(mail.subject);
    const written = renderMail(mail);
    expect(parsed.text?.trimEnd()).toBe(written.text.trimEnd());
    expect(parsed.html?.trimEnd()).toBe(written.html.trimEnd());
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

  it('says which list it is of and how to leave it with one click', async () => {
    const unsubscribeLink = 'https://slipway.example/addresses/x.y';
    await mailer().send({ id: 'one', to: [{ address: 'owner@example.org', unsubscribeLink }], mail });
    const parsed = await PostalMime.parse(ses.sent[0]?.raw ?? '');
    const header = headerOf(parsed);
    expect(header('list-unsubscribe')).toBe(`<${unsubscribeLink}>`);
    expect(header('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
    expect(header('list-id')).toBe('Slipway <slipway.ci.example.org>');
    expect(header('auto-submitted')).toBe('auto-generated');
    expect(header('x-slipway-build')).toBe('00000000000000aa');
    expect(parsed.text).toContain(unsubscribeLink);
  });

  it('to an operator offers nothing to leave', async () => {
    await send(['operator@example.org']);
    const header = headerOf(await PostalMime.parse(ses.sent[0]?.raw ?? ''));
    expect(header('list-unsubscribe')).toBeUndefined();
  });

  it('is in one thread with the others of its project, and of no other', async () => {
    for (const topic of ['demo/app:latest', 'demo/app:latest', 'demo/other:latest'])
      await send(['owner@example.org'], { topic });
    const threads = await Promise.all(
      ses.sent.map(async ({ raw }) => headerOf(await PostalMime.parse(raw))('references')),
    );
    expect(threads[0]).toMatch(/^<[\w.]+@ci\.example\.org>$/);
    expect(threads[1]).toBe(threads[0]);
    expect(threads[2]).not.toBe(threads[0]);
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
  it('get a message each, which names nobody else, and once', async () => {
    await send(['a@example.org', 'b@example.org', 'A@Example.org', ' b@example.org ']);
    expect(ses.sent.map(({ to }) => to)).toEqual([['A@example.org'], ['b@example.org']]);
    expect(ses.sent[0]?.raw.toString('latin1')).not.toContain('b@example.org');
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

it('has SES report which mails bounce', async () => {
  await send(['a@example.org']);
  expect(ses.sent[0]?.configurationSet).toBe('mails');
});
