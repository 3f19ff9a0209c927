import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { operatorsPaths } from '../../core/api/operators.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { callSigned } from '../deployment/signed-call.ts';
import { CommandError } from '../errors.ts';

const cookieName = 'slipway';

/**
 * Serves the operators' page to this machine: a browser cannot sign, so each request is signed here, with the caller's credentials. Only the
 * browser that comes with the key of the address gets anything: others who use the machine can reach the port too.
 */
export async function serveOperatorsPage(
  deployment: Pick<Deployment, 'stack' | 'settings' | 'siteUrl' | 'output'>,
): Promise<{ url: string; server: Server }> {
  const key = randomBytes(24).toString('base64url');
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      // Whatever is wrong with a call is said in the browser; the next one may succeed.
      const message = error instanceof CommandError ? error.message : 'The page could not be read.';
      response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin);
    // Somebody else's name may be made to lead to this machine: their pages could then read this one.
    if (request.method !== 'GET' || `http://${request.headers.host}` !== origin) return refuse(response);
    if (url.pathname === operatorsPaths.page && isKey(url.searchParams.get('key'))) {
      const cookie = `${cookieName}=${key}; HttpOnly; SameSite=Strict; Path=/`;
      response
        .writeHead(303, { 'set-cookie': cookie, location: operatorsPaths.page, 'cache-control': 'no-store' })
        .end();
      return;
    }
    if (!isKey(cookieOf(request))) return refuse(response);
    if (url.pathname === operatorsPaths.page || url.pathname === operatorsPaths.json)
      return pass(await callSigned(deployment, 'GET', url.pathname), response);
    if (url.pathname.startsWith('/assets/'))
      return pass(await fetch(new URL(url.pathname, deployment.siteUrl)), response);
    response.writeHead(302, { location: new URL(url.pathname + url.search, deployment.siteUrl).href }).end();
  }

  function isKey(given: string | null | undefined): boolean {
    const [one, other] = [Buffer.from(given ?? ''), Buffer.from(key)];
    return one.length === other.length && timingSafeEqual(one, other);
  }

  return { url: `${origin}${operatorsPaths.page}?key=${key}`, server };
}

function refuse(response: ServerResponse): void {
  response
    .writeHead(403, { 'content-type': 'text/plain; charset=utf-8' })
    .end('Open the address that "slipway open --operators" has printed.\n');
}

async function pass(answer: Response, response: ServerResponse): Promise<void> {
  const names = [
    'content-type',
    'cache-control',
    'content-security-policy',
    'x-content-type-options',
    'referrer-policy',
  ];
  for (const name of names) {
    const value = answer.headers.get(name);
    if (value !== null) response.setHeader(name, value);
  }
  response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
}

function cookieOf({ headers }: IncomingMessage): string | undefined {
  const cookies = (headers.cookie ?? '').split(/;\s*/);
  return cookies.find((cookie) => cookie.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1);
}
