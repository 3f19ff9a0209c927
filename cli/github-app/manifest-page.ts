import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Html, html } from '../../core/text/html.ts';

interface Request {
  /** The page of GitHub that takes a manifest. */
  action: string;
  manifest: object;
}

/**
 * A page on the loopback that sends a manifest to GitHub, and gets the code of the app that was made of it. Only an answer with the state
 * that was sent counts. https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
 */
export async function askForApp({ action, manifest }: Request): Promise<{ url: string; code: Promise<string> }> {
  const [key, state] = [1, 2].map(() => randomBytes(24).toString('base64url')) as [string, string];
  const { promise, resolve } = Promise.withResolvers<string>();
  const server = createServer(answer);
  await new Promise<void>((listening, reject) => server.once('error', reject).listen(0, '127.0.0.1', listening));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', origin);
    const isHere = request.method === 'GET' && `http://${request.headers.host}` === origin;
    const code = searchParams.get('code') ?? '';
    if (isHere && pathname === '/' && isSame(searchParams.get('key'), key)) {
      const text = JSON.stringify({ ...manifest, redirect_url: `${origin}/made` });
      page(response, formPage(`${action}?state=${state}`, text));
    } else if (isHere && pathname === '/made' && isSame(searchParams.get('state'), state) && isCode.test(code)) {
      page(response, html`<h1>The app is made</h1><p>The terminal says what is next. You can close this page.</p>`);
      resolve(code);
      // The answer is still sent.
      server.close();
    } else refuse(response);
  }

  return { url: `${origin}/?key=${key}`, code: promise };
}

const isCode = /^[\w-]{1,200}$/;

function formPage(action: string, manifest: string): Html {
  return html`<h1>A GitHub App for Slipway</h1>
<p>GitHub shows what the app may do, and makes it when you confirm.</p>
<form method="post" action="${action}"><input type="hidden" name="manifest" value="${manifest}"><button>Continue to ${new URL(action).host}</button></form>`;
}

function isSame(given: string | null, wanted: string): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function page(response: ServerResponse, body: Html): void {
  response
    .writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      connection: 'close',
    })
    .end(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Slipway</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}button{font:inherit;padding:.4rem .8rem}</style></head>
<body><main>${body}</main></body></html>
`);
}

function refuse(response: ServerResponse): void {
  response
    .writeHead(403, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
    .end('Open the address that "slipway github-app create" has printed.\n');
}
