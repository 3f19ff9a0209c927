import { describe, expect, it } from 'vitest';
import { addressLinkPurpose, decodeAddressLink } from '../../../core/mail/address-link.ts';
import type { Recipient } from '../../../core/mail/content.ts';
import type { MailFailure } from '../../../core/mail/mail-address.ts';
import { createRecipients } from '../../../functions/mail/recipients.ts';
import { createSeals } from '../../../services/aws/seals.ts';
import { MailRejectedError } from '../../../services/mail/mailer.ts';
import { createMailAddresses } from '../../../services/tables/mail-addresses.ts';
import { setUpServices, silentLogger } from '../services-setup.ts';

const day = 86_400_000;
const seals = createSeals({ current: async () => 'the key' });

/** The project `demo/app:latest`, whose entry names these addresses. */
const project = (...notifyEmail: string[]) => ({ name: 'demo/app:latest', notifyEmail });

async function setUp({ mustConfirm = true } = {}) {
  const world = await setUpServices();
  const addresses = createMailAddresses(world.client, 'addresses');
  const setting = { mailer: world.mailer };
  const recipients = createRecipients({
    addresses,
    mailer: { send: (letter) => setting.mailer.send(letter) },
    seals,
    siteUrl: 'https://slipway.example',
    indexUrl: 'https://git.example/slipway/index',
    logger: silentLogger,
    mustConfirm,
  });
  return Object.assign(world, {
    addresses,
    recipients,
    setting,
    /** Time passes for an address since it was asked. */
    async pass(address: string, days: number): Promise<void> {
      const { asks } = (await addresses.get(address)) ?? { asks: 0 };
      await addresses.markAsked({ address, asks: asks - 1 }, new Date(Date.now() - days * day));
    },
  });
}

const linkOf = ({ text }: { text: string }) => /https:\/\/slipway\.example\/addresses\/(\S+)/.exec(text)?.[1] ?? '';

describe('an address that never agreed', () => {
  it('gets one mail, which asks, and nothing else', async () => {
    await using world = await setUp();
    for (let count = 0; count < 5; count++) expect(await world.recipients.of(project('a@example.org'))).toEqual([]);
    expect(world.mails.map(({ to, mail }) => [to, mail.subject])).toEqual([
      [['a@example.org'], '[slipway] CONFIRM: mails about demo/app:latest'],
    ]);
  });

  it('gets one however many projects name it, and however they write it', async () => {
    await using world = await setUp();
    const spellings = ['a@example.org', 'A@Example.org', ' a@EXAMPLE.ORG', 'a@example.org.'.slice(0, -1)];
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        world.recipients.of({ name: `demo/job${at}:latest`, notifyEmail: spellings }),
      ),
    );
    expect(world.mails).toHaveLength(1);
  });

  it('is told who asks, for what, and that nothing happens if it does nothing', async () => {
    await using world = await setUp();
    await world.recipients.of(project('a@example.org'));
    const { text = '' } = world.mails[0]?.mail ?? {};
    for (const said of [
      'demo/app:latest',
      'https://git.example/slipway/index',
      'https://slipway.example',
      'nothing happens',
    ])
      expect(text.replace(/\s+/g, ' ')).toContain(said);
  });

  it('is asked again when its link has ended, three times at most', async () => {
    await using world = await setUp();
    for (let count = 0; count < 6; count++) {
      await world.recipients.of(project('a@example.org'));
      await world.pass('a@example.org', 6);
      await world.recipients.of(project('a@example.org'));
      expect(world.mails).toHaveLength(Math.min(count + 1, 3));
      await world.pass('a@example.org', 7);
    }
  });

  it('is asked by the next mail if the first could not be sent', async () => {
    await using world = await setUp();
    world.setting.mailer = { send: () => Promise.reject(new Error('Throttling')) };
    expect(await world.recipients.of(project('a@example.org'))).toEqual([]);
    world.setting.mailer = world.mailer;
    await world.recipients.of(project('a@example.org'));
    expect(world.mails).toHaveLength(1);
  });

  it('that SES refuses is not tried with every build', async () => {
    await using world = await setUp();
    let tries = 0;
    world.setting.mailer = {
      async send() {
        tries += 1;
        throw new MailRejectedError('Address is on the suppression list');
      },
    };
    for (let count = 0; count < 4; count++) await world.recipients.of(project('a@example.org'));
    expect(tries).toBe(1);
  });
});

it('the link says which address it is of, and is sealed', async () => {
  await using world = await setUp();
  await world.recipients.of(project('Team@Example.org'));
  const opened = await seals.open(addressLinkPurpose, linkOf(world.mails[0]?.mail ?? { text: '' }));
  expect(decodeAddressLink(opened ?? '')).toMatchObject({ address: 'team@example.org' });
});

const addressesOf = (recipients: Recipient[]) => recipients.map(({ address }) => address);

it('those who agreed get mails, those who refused and those who have not answered do not', async () => {
  await using world = await setUp();
  await world.addresses.answer('yes@example.org', 'confirmed');
  await world.addresses.answer('no@example.org', 'refused');
  const named = project('Yes@example.org', 'no@example.org', 'new@example.org', 'not an address');
  expect(addressesOf(await world.recipients.of(named))).toEqual(['Yes@example.org']);
  expect(world.mails.map(({ to }) => to)).toEqual([['new@example.org']]);
});

it('where the operators trust the index, everybody gets mails unasked but those who unsubscribed', async () => {
  await using world = await setUp({ mustConfirm: false });
  await world.addresses.answer('no@example.org', 'refused');
  const recipients = await world.recipients.of(project('new@example.org', 'no@example.org'));
  expect(addressesOf(recipients)).toEqual(['new@example.org']);
  expect(world.mails).toEqual([]);
});

it('each has a link of its own to unsubscribe', async () => {
  await using world = await setUp({ mustConfirm: false });
  const recipients: Recipient[] = await world.recipients.of(project('a@example.org', 'B@example.org'));
  const links = recipients.map(({ unsubscribeLink = '' }) => unsubscribeLink.split('/').at(-1) ?? '');
  const opened = await Promise.all(links.map((link) => seals.open(addressLinkPurpose, link)));
  expect(opened.map((text) => decodeAddressLink(text ?? '').address)).toEqual(['a@example.org', 'b@example.org']);
});

describe('an address whose mails do not arrive', () => {
  const failed = (kind: MailFailure['kind'], days: number): MailFailure => ({
    kind,
    at: new Date(Date.now() - days * day).toISOString(),
  });

  it.each<[what: string, failure: MailFailure, gets: boolean]>([
    ['a mail bounced', failed('bounced', 1), false],
    ['a mail bounced a month ago: one is tried again', failed('bounced', 31), true],
    ['its owner marked a mail as spam', failed('complained', 1), false],
    ['its owner marked a mail as spam a year ago', failed('complained', 365), false],
  ])('%s', async (_, failure, gets) => {
    await using world = await setUp();
    await world.addresses.answer('a@example.org', 'confirmed', new Date(Date.now() - 400 * day));
    await world.addresses.fail('A@example.org', failure);
    expect(await world.recipients.of(project('a@example.org'))).toHaveLength(gets ? 1 : 0);
  });

  it('gets mails again when its owner agrees after that', async () => {
    await using world = await setUp();
    await world.addresses.fail('a@example.org', failed('complained', 1));
    await world.addresses.answer('a@example.org', 'confirmed');
    expect(await world.recipients.of(project('a@example.org'))).toHaveLength(1);
  });

  it('is not asked again because the mail that asks bounced', async () => {
    await using world = await setUp();
    await world.recipients.of(project('a@example.org'));
    await world.addresses.fail('a@example.org', failed('bounced', 0));
    await world.pass('a@example.org', 8);
    await world.recipients.of(project('a@example.org'));
    expect(world.mails).toHaveLength(1);
  });

  it('is not forgotten because an older report comes late', async () => {
    await using world = await setUp();
    await world.addresses.fail('a@example.org', failed('complained', 1));
    await world.addresses.fail('a@example.org', failed('bounced', 40));
    expect((await world.addresses.get('a@example.org'))?.failure?.kind).toBe('complained');
  });
});
