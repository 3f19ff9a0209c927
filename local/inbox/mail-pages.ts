import type { IncomingMessage, ServerResponse } from 'node:http';
import PostalMime, { type Address } from 'postal-mime';
import { type Html, html, htmlPage, pagePolicy } from '../page.ts';
import type { Inbox } from './inbox.ts';

/**
 * What a message's HTML may do: show itself with its own styles and embedded pictures. No script, no request to anywhere, no form;
 * a link opens in a new window.
 */
const messagePolicy =
  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self'";

const pageLength = 100;
const listLength = 1000;

/** The inbox for people (`/mail`, `/mail/<id>`) and for programs (`/mail/api/messages`, `/mail/api/messages/<id>`). */
export function createMailPages(inbox: Inbox): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const notFound: Answer = { status: 404, ...json({ message: 'Not Found' }) };
  const noMessage: Answer = { status: 404, ...text('There is no such message.') };
  const pageOf = ({ searchParams }: URL, limit: number) => {
    const before = searchParams.get('before');
    return inbox.list(before === null ? { limit } : { limit, before });
  };
  const routes: [RegExp, (groups: Record<string, string | undefined>, url: URL) => Answer | Promise<Answer>][] = [
    [/^\/mail$/, (_, url) => listPage(pageOf(url, pageLength))],
    [
      /^\/mail\/api\/messages$/,
      (_, url) => {
        const limit = Math.min(Math.max(Number(url.searchParams.get('limit')) || listLength, 1), listLength);
        return json(pageOf(url, limit));
      },
    ],
    [
      /^\/mail\/api\/messages\/(?<id>[^/]+)$/,
      ({ id = '' }) => {
        const message = inbox.find(id);
        return message ? { type: 'message/rfc822', body: message.raw } : notFound;
      },
    ],
    [
      /^\/mail\/(?<id>[^/]+)$/,
      ({ id = '' }) => {
        const message = inbox.find(id);
        return message ? messagePage(message.summary.id, message.raw) : noMessage;
      },
    ],
    [
      /^\/mail\/(?<id>[^/]+)\/html$/,
      async ({ id = '' }) => {
        const message = inbox.find(id);
        if (!message) return noMessage;
        const { html: body } = await PostalMime.parse(message.raw);
        return {
          type: 'text/html; charset=utf-8',
          body: `<!doctype html><meta charset="utf-8"><base target="_blank">${body ?? ''}`,
          policy: messagePolicy,
        };
      },
    ],
  ];

  return async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(response, { status: 405, ...text('The inbox is read only.') });
    const url = new URL(request.url ?? '/', 'http://localhost');
    const path = url.pathname.replace(/\/$/, '');
    for (const [pattern, handle] of routes) {
      const found = pattern.exec(path);
      if (found) return answer(response, await handle(found.groups ?? {}, url));
    }
    return answer(
      response,
      path.startsWith('/mail/api') ? notFound : { status: 404, ...text('There is no such page.') },
    );
  };
}

interface Answer {
  /** 200 where it says nothing. */
  status?: number;
  type: string;
  body: string | Uint8Array;
  policy?: string;
}

function answer(response: ServerResponse, { status = 200, type, body, policy = pagePolicy }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

const text = (body: string): Answer => ({ type: 'text/plain; charset=utf-8', body: `${body}\n` });
const json = (value: unknown): Answer => ({
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(value, null, 2),
});
const page = (title: string, body: Html): Answer => ({ type: 'text/html; charset=utf-8', body: htmlPage(title, body) });

function listPage(messages: ReturnType<Inbox['list']>): Answer {
  if (messages.length === 0) return page('Mail', html`<p>No mail yet. Everything that Slipway sends arrives here.</p>`);
  const last = messages.at(-1);
  return page(
    'Mail',
    html`<table><thead><tr><th>Subject</th><th>To</th><th>Date</th></tr></thead><tbody>
${messages.map(
  ({ id, subject, to, date }) =>
    html`<tr><td><a href="/mail/${id}">${subject || '(no subject)'}</a></td><td>${to.join(', ')}</td><td><time datetime="${date}">${readable(date)}</time></td></tr>
`,
)}</tbody></table>
${last && messages.length === pageLength ? html`<p><a href="/mail?before=${last.id}">Older mail</a></p>` : ''}`,
  );
}

async function messagePage(id: string, raw: Uint8Array): Promise<Answer> {
  const message = await PostalMime.parse(raw);
  const rows: [string, string][] = [
    ['From', addresses(message.from)],
    ['To', addresses(message.to)],
    ['Cc', addresses(message.cc)],
    ['Date', message.date ?? ''],
  ];
  return page(
    message.subject || '(no subject)',
    html`<table><tbody>
${rows.filter(([, value]) => value !== '').map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`)}
</tbody></table>
${message.html === undefined ? '' : html`<h2>As HTML</h2><iframe title="The message's HTML part" src="/mail/${id}/html" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>`}
${message.text === undefined ? '' : html`<h2>As text</h2><pre>${message.text}</pre>`}
${message.attachments.length === 0 ? '' : html`<h2>Attachments</h2><ul>${message.attachments.map((part) => html`<li>${part.filename ?? '(no name)'} (${part.mimeType})</li>`)}</ul>`}
<h2>Headers</h2><pre>${message.headers.map(({ originalKey, value }) => `${originalKey}: ${value}`).join('\n')}</pre>
<p><a href="/mail/api/messages/${id}">The message as it was sent</a></p>`,
  );
}

function addresses(list: Address | Address[] | undefined): string {
  if (list === undefined) return '';
  return [list]
    .flat()
    .flatMap((entry) => entry.group ?? [entry])
    .map(({ name, address }) => (name ? `${name} <${address ?? ''}>` : (address ?? '')))
    .join(', ');
}

function readable(date: string): string {
  return `${date.slice(0, 10)} ${date.slice(11, 19)} UTC`;
}
