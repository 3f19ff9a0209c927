import { describe, expect, it } from 'vitest';
import { addressLinkFrom, addressLinkPurpose, encodeAddressLink } from '../../core/mail/address-link.ts';
import type { AddressAnswer, MailFailure } from '../../core/mail/mail-address.ts';
import { createSeals } from '../../services/aws/seals.ts';
import { now, sampleProject, sampleSite } from './sample-site.ts';

const seals = createSeals({ current: async () => 'the key' });
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const address = 'team@example.org';

/** The path of a link that was sent that many days ago. */
async function linkSent(daysAgo: number, purpose = addressLinkPurpose): Promise<string> {
  const link = addressLinkFrom(address, new Date(now.getTime() - daysAgo * 86_400_000));
  return `/addresses/${await seals.seal(purpose, encodeAddressLink(link))}`;
}

function siteWith(known?: AddressAnswer, failure?: MailFailure) {
  const answers = new Map<string, AddressAnswer>(known ? [[address, known]] : []);
  const ask = sampleSite({
    projects: [sampleProject('demo/app:latest', { notifyEmail: [address, 'other@example.org'] })],
    parts: {
      addresses: {
        get: async (of) => ({ answer: answers.get(of), answeredAt: '2026-11-01T00:00:00.000Z', failure }),
        answer: async (of, answer) => void answers.set(of, answer),
        summary: async (all) => ({
          all: all.length,
          unconfirmed: all.filter((of) => !answers.has(of)).length,
          refused: all.filter((of) => answers.get(of) === 'refused').length,
          unreachable: 0,
        }),
      },
    },
  });
  const send = (path: string, body: string) => ask(path, form, 'POST', body);
  return { answers, ask, send };
}

describe('the link that a mail address got', () => {
  it.each(['GET', 'HEAD'])('confirms nothing when a program only follows it: %s', async (method) => {
    const { answers, ask } = siteWith();
    const answer = await ask(await linkSent(0), {}, method);
    expect([answer.statusCode, answer.headers['cache-control'], [...answers]]).toEqual([200, 'no-store', []]);
  });

  it('has buttons that confirm or refuse', async () => {
    const { answers, ask, send } = siteWith();
    const link = await linkSent(0);
    expect((await ask(link)).text).toMatch(
      /<form method="post">\s*<button name="answer" value="confirmed">.*<\/button>\s*<button name="answer" value="refused">/,
    );
    const answer = await send(link, 'answer=confirmed');
    expect([answer.statusCode, answer.headers.location]).toEqual([303, link]);
    expect([...answers]).toEqual([[address, 'confirmed']]);
    expect((await ask(link)).text).not.toContain('value="confirmed"');
    await send(link, 'answer=refused');
    expect([...answers]).toEqual([[address, 'refused']]);
  });

  it.each([
    [form['content-type'], 'List-Unsubscribe=One-Click'],
    [
      'multipart/form-data; boundary=b0undary',
      '--b0undary\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b0undary--\r\n',
    ],
  ])('unsubscribes with the one click of a mail program, however old the mail is: %s', async (type, body) => {
    const { answers, ask } = siteWith('confirmed');
    const answer = await ask(await linkSent(400), { 'content-type': type }, 'POST', body);
    expect([answer.statusCode, answer.headers.location]).toEqual([200, undefined]);
    expect(answer.text).toContain('gets no mails');
    expect([...answers]).toEqual([[address, 'refused']]);
  });

  it.each([
    ['bounced', /gets no mails at present, as one bounced on 2026-11-20/],
    ['complained', /gets no mails at present, as one was marked as spam on 2026-11-20/],
  ] as const)('lets mails come again after one that %s', async (kind, said) => {
    const { ask } = siteWith('confirmed', { kind, at: '2026-11-20T00:00:00.000Z' });
    const { text } = await ask(await linkSent(0));
    expect(text).toMatch(said);
    expect(text).toContain('value="confirmed">Get mails after all');
    const old = (await ask(await linkSent(8))).text;
    expect(old).not.toContain('value="confirmed"');
    expect(old).toContain('Ask whoever runs this Slipway');
  });

  it('does not confirm after a week, and refuses for good', async () => {
    const { answers, ask, send } = siteWith();
    const old = await linkSent(7.1);
    expect((await ask(old)).text).not.toContain('value="confirmed"');
    expect((await send(old, 'answer=confirmed')).statusCode).toBe(410);
    expect([...answers]).toEqual([]);
    expect((await send(old, 'answer=refused')).statusCode).toBe(303);
    expect([...answers]).toEqual([[address, 'refused']]);
  });

  it('is the only one that works', async () => {
    const { answers, send } = siteWith();
    const link = await linkSent(0);
    const other = encodeAddressLink(addressLinkFrom('victim@example.org', now));
    for (const forged of [
      link.replace(/\/[^/.]+\./, `/${other}.`),
      await linkSent(0, 'cursor\nprojects'),
      `/addresses/${other}`,
      `/addresses/${other}.${'A'.repeat(22)}`,
      `${link}/`,
      `/addresses/${'a'.repeat(5000)}.${'A'.repeat(22)}`,
      '/projects/demo/app/latest',
      '/',
    ]) {
      expect([404, 405]).toContain((await send(forged, 'answer=confirmed')).statusCode);
    }
    expect([...answers]).toEqual([]);
  });

  it.each(['', 'answer=', 'answer=yes', 'answer=__proto__', 'x'.repeat(100_000), '{"answer":"confirmed"}', '%'])(
    'takes no other answer: %.20s',
    async (body) => {
      const { answers, send } = siteWith();
      expect((await send(await linkSent(0), body)).statusCode).toBe(400);
      expect([...answers]).toEqual([]);
    },
  );
});

it('the page of a project says how many of its addresses get mails, and none of them', async () => {
  const { text } = await siteWith('confirmed').ask('/projects/demo/app/latest');
  expect(text).toContain('1 of 2 addresses gets mails (1 not confirmed');
  expect(text).not.toContain('@example.org');
});
