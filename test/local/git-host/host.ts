import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import type { EmitterWebhookEvent } from '@octokit/webhooks';
import { createGitHost, type GitHost } from '../../../local/git-host/git-host.ts';
import { waitLimit } from '../../limits.ts';

export type PushPayload = EmitterWebhookEvent<'push'>['payload'];

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

/** Who would be `webhook`: keeps what arrives, answers as it is told. */
export async function startReceiver(answer: () => number = () => 202) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(answer(), { 'content-type': 'application/json' }).end('{"ok":true}');
  });
  const url = `${await listen(server)}/webhooks/github`;
  return { url, received, close: () => close(server) };
}

/** A git host in a folder of its own, which can be stopped and started again over the same data. */
export async function startHost(webhook?: { url: string; secret: string }, folder?: string) {
  const dataFolder = folder ?? (await mkdtemp(join(tmpdir(), 'git host ')));
  const database = new DatabaseSync(join(dataFolder, 'aws.sqlite'));
  database.exec('pragma journal_mode = wal');
  let host: GitHost | undefined;
  const server = createServer(
    (request, response) =>
      void host?.handle(request, response).catch((error: Error) => {
        console.error(error);
        response.destroy();
      }),
  );
  const url = await listen(server);
  host = createGitHost({
    dataFolder,
    url,
    database,
    token: 'the-token',
    password: 'the-password',
    ...(webhook ? { webhook: { url: webhook.url, secretOf: () => webhook.secret } } : {}),
    log: () => undefined,
  });
  const stop = async () => {
    await host?.stop();
    await close(server);
    database.close();
  };
  return {
    url,
    host,
    dataFolder,
    database,
    stop,
    async remove() {
      await stop();
      await rm(dataFolder, { recursive: true });
    },
  };
}

/** A person's own clone, with the `git` that is installed and knows the token. */
export async function makeClone() {
  const folder = await mkdtemp(join(tmpdir(), 'clone '));
  const git = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('git', args, {
      cwd: folder,
      maxBuffer: 64 * 1024 * 1024,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'credential.helper',
        GIT_CONFIG_VALUE_0: '!echo username=slipway; echo password=the-token; :',
        GIT_AUTHOR_NAME: 'Ada',
        GIT_AUTHOR_EMAIL: 'ada@example.com',
        GIT_COMMITTER_NAME: 'Ada',
        GIT_COMMITTER_EMAIL: 'ada@example.com',
      },
    });
    return stdout.trim();
  };
  await git('init', '--quiet', '--initial-branch=main');
  return { folder, git, remove: () => rm(folder, { recursive: true }) };
}

export type Clone = Awaited<ReturnType<typeof makeClone>>;

export async function until<Value>(what: string, probe: () => Value | undefined | false): Promise<Value> {
  const deadline = Date.now() + waitLimit;
  for (;;) {
    const value = probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
