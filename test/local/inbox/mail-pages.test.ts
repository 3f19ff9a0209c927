import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createInbox, type Inbox } from '../../../local/inbox/inbox.ts';
import { createMailPages } from '../../../local/inbox/mail-pages.ts';

describe('the inbox', () => {
  let inbox: Inbox;
  let url: string;
  const server = createServer((request, response) => void createMailPages(inbox)(request, response));

  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    inbox = createInbox(new DatabaseSync(':memory:'));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  async function deliver(subject: string, more: object = {}): Promise<string> {
    const mail = { from: 'Slipway <slipway@example.org>', to: 'ada@example.com', subject, text: 'Hello', ...more };
    return inbox.deliver(
      { from: 'slipway@example.org', to: ['ada@example.com'] },
      await new MailComposer(mail).compile().build(),
    );
  }

  test('lists what has arrived as JSON, newest first, page by page', async () => {
    const ids = [await deliver('one'), await deliver('two'), await deliver('three')].reverse();
    const list = await (await fetch(`${url}/mail/api/messages`)).json();
    expect(list).toMatchObject([
      {
        id: ids[0],
        subject: 'three',
        from: 'slipway@example.org',
        to: ['ada@example.com'],
        date: expect.stringMatching(/^\d{4}-.*Z$/),
      },
      { id: ids[1] },
      { id: ids[2] },
    ]);
    expect(await (await fetch(`${url}/mail/api/messages?limit=1&before=${ids[0]}`)).json()).toMatchObject([
      { id: ids[1] },
    ]);
  });

  test('gives a message as it was sent', async () => {
    const id = await deliver('one');
    const answer = await fetch(`${url}/mail/api/messages/${id}`);
    expect(answer.headers.get('content-type')).toBe('message/rfc822');
    expect(await answer.text()).toContain('Subject: one\r\n');
    expect((await fetch(`${url}/mail/api/messages/none`)).status).toBe(404);
  });

  test('shows a message, and its HTML only in a frame without scripts', async () => {
    const id = await deliver('<script>alert("subject")</script>', {
      text: '<script>alert("text")</script>',
      html: '<p onclick="alert(1)">Released</p><script>alert("html")</script>',
      headers: { 'X-Note': '<img src=x onerror=alert(1)>' },
      attachments: [{ filename: '<b>log.txt', content: 'x' }],
    });
    for (const path of ['/mail', `/mail/${id}`]) {
      const page = await fetch(`${url}${path}`);
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
      const text = await page.text();
      expect(text).not.toMatch(/<script|<img|<b>|onclick="/);
      expect(text).toContain('&lt;script&gt;');
    }
    expect(await (await fetch(`${url}/mail/${id}`)).text()).toContain(
      `<iframe title="The message&#39;s HTML part" src="/mail/${id}/html" sandbox=`.replace('&#39;', "'"),
    );
    const frame = await fetch(`${url}/mail/${id}/html`);
    expect(frame.headers.get('content-security-policy')).toMatch(
      /^sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'/,
    );
    expect(await frame.text()).toContain('Released');
  });

  test.each(['/mail/none', '/mail/none/html', '/mail/api/other', '/mail/a/b/c'])('has no %s', async (path) => {
    expect((await fetch(`${url}${path}`)).status).toBe(404);
  });

  test('is read only', async () => {
    expect((await fetch(`${url}/mail/api/messages`, { method: 'DELETE' })).status).toBe(405);
  });
});
