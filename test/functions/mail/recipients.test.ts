import { describe, expect, it } from 'vitest';
import { addressLinkPurpose, decodeAddressLink } from '../../../core/mail/confirmation.ts';
import type { Mail } from '../../../core/mail/content.ts';
import { createRecipients } from '../../../functions/mail/recipients.ts';
import { createSeals } from '../../../services/aws/seals.ts';
import { MailRejectedError } from '../../../services/mail/mailer.ts';
import { createMailAddresses } from '../../../services/tables/mail-addresses.ts';
import { setUpServices, silentLogger } from '../services-setup.ts';

const day = 86_400_000;
const seals = createSeals({ current: async () => 'the key' });

/** The project `demo/app:latest`, whose entry names these addresses. */
const project = (...notifyEmail: string[]) => ({ name: 'demo/app:latest', notifyEmail });

async function setUp() {
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

const linkOf = ({ text }: Mail) => /https:\/\/slipway\.example\/addresses\/(\S+)/.exec(text)?.[1] ?? '';

describe('an address that never agreed', () => {
  it('gets one mail, which asks, and nothing else', async () => {
    await using world = await setUp();
    for (let count = 0; count < 5; count++)
      expect(await world.recipients.confirmed(project('a@example.org'))).toEqual([]);
    expect(world.mails.map(({ to, mail }) => [to, mail.subject])).toEqual([
      [['a@example.org'], '[slipway] CONFIRM: mails about demo/app:latest'],
    ]);
  });

  it('gets one however many projects name it, and however they write it', async () => {
    await using world = await setUp();
    const spellings = ['a@example.org', 'A@Example.org', ' a@EXAMPLE.ORG', 'a@example.org.'.slice(0, -1)];
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        world.recipients.confirmed({ name: `demo/job${at}:latest`, notifyEmail: spellings }),
      ),
    );
    expect(world.mails).toHaveLength(1);
  });

  it('is told who asks, for what, and that nothing happens if it does nothing', async () => {
    await using world = await setUp();
    await world.recipients.confirmed(project('a@example.org'));
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
      await world.recipients.confirmed(project('a@example.org'));
      await world.pass('a@example.org', 6);
      await world.recipients.confirmed(project('a@example.org'));
      expect(world.mails).toHaveLength(Math.min(count + 1, 3));
      await world.pass('a@example.org', 7);
    }
  });

  it('is asked by the next mail if the first could not be sent', async () => {
    await using world = await setUp();
    world.setting.mailer = { send: () => Promise.reject(new Error('Throttling')) };
    expect(await world.recipients.confirmed(project('a@example.org'))).toEqual([]);
    world.setting.mailer = world.mailer;
    await world.recipients.confirmed(project('a@example.org'));
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
    for (let count = 0; count < 4; count++) await world.recipients.confirmed(project('a@example.org'));
    expect(tries).toBe(1);
  });
});

it('the link says which address it is of, and is sealed', async () => {
  await using world = await setUp();
  await world.recipients.confirmed(project('Team@Example.org'));
  const opened = await seals.open(addressLinkPurpose, linkOf(world.mails[0]?.mail as Mail));
  expect(decodeAddressLink(opened ?? '')).toMatchObject({ address: 'team@example.org' });
});

it('those who agreed get mails, those who refused and those who have not answered do not', async () => {
  await using world = await setUp();
  await world.addresses.answer('yes@example.org', 'confirmed');
  await world.addresses.answer('no@example.org', 'refused');
  const named = project('Yes@example.org', 'no@example.org', 'new@example.org', 'not an address');
  expect(await world.recipients.confirmed(named)).toEqual(['Yes@example.org']);
  expect(world.mails.map(({ to }) => to)).toEqual([['new@example.org']]);
});
