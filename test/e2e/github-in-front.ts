import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { sign } from '@octokit/webhooks-methods';
import { type SmallHost, startHost } from '../services/http.ts';
import { type Rig, startRig } from './rig.ts';

const repository = 'demo/proposed';
const number = 7;

/**
 * A machine whose API of the git host knows of one pull request, what people write at it, and that only `demo` may write; everything
 * else is the machine's own. What happens on GitHub is told by signed events.
 */
export async function startWithPullRequest() {
  const port = await freePort();
  const comments: string[] = [];
  const pull = { state: 'open', head: { sha: '' }, base: { ref: 'main' }, user: { login: 'stranger' } };
  const own = { id: 1, type: 'User' };

  const host = await startHost((request, response) => {
    const { method, path, body } = request;
    const json = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const login = /\/collaborators\/(\w+)\/permission$/.exec(path)?.[1];
    if (login) return json(200, { permission: login === 'demo' ? 'admin' : 'read' });
    if (path === '/user') return json(200, own);
    if (path === `/repos/${repository}/pulls/${number}`) return json(200, pull);
    if (path.startsWith(`/repos/${repository}/issues/${number}/comments`)) {
      if (method === 'GET')
        return json(
          200,
          comments.map((text, id) => ({ id, body: text, user: own })),
        );
      comments.push(JSON.parse(body).body);
      return json(201, {});
    }
    const changed = /\/issues\/comments\/(\d+)$/.exec(path)?.[1];
    if (changed) {
      comments[Number(changed)] = JSON.parse(body).body;
      return json(200, {});
    }
    passOn(request, `http://localhost:${port}/github${path}`, response).catch((error: Error) =>
      json(500, { error: error.message }),
    );
  });
  const github = { url: `http://localhost:${port}/git`, apiUrl: host.url };
  const rig: Rig = await startRig({ port, config: { github } });

  async function deliver(event: string, payload: object): Promise<void> {
    const body = JSON.stringify({
      ...payload,
      repository: { id: 1, clone_url: `${rig.machine.url}/git/${repository}.git`, full_name: repository },
    });
    const headers = {
      'x-github-event': event,
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': await sign(rig.machine.webhookSecret, body),
    };
    const response = await fetch(`${rig.machine.url}/webhooks/github`, { method: 'POST', headers, body });
    if (response.status !== 202) throw new Error(`The delivery was answered with ${response.status}.`);
  }

  let commentId = 0;
  return {
    rig,
    /** What Slipway wrote at the pull request. */
    comments,

    /** The pull request is opened, gets a commit, or is closed. */
    async change(action: string, commit: string, { isFork }: { isFork: boolean }): Promise<void> {
      pull.head.sha = commit;
      const head = { sha: commit, repo: { id: isFork ? 2 : 1 } };
      const updated_at = `${new Date().toISOString().slice(0, 19)}Z`;
      const { base, user } = pull;
      await deliver('pull_request', { action, number, pull_request: { head, base, user, updated_at } });
    },

    async comment(login: string, body: string): Promise<void> {
      const issue = { number, pull_request: {} };
      await deliver('issue_comment', {
        action: 'created',
        issue,
        comment: { id: ++commentId, body, user: { login, type: 'User' } },
      });
    },

    async stop(): Promise<void> {
      await rig.stop();
      await host[Symbol.asyncDispose]();
    },
  };
}

async function passOn({ method, headers, body }: SmallHost['requests'][number], url: string, response: ServerResponse) {
  const { authorization } = headers;
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    ...(method === 'GET' ? {} : { body }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const location = answer.headers.get('location');
  const type = answer.headers.get('content-type') ?? 'application/octet-stream';
  response.writeHead(answer.status, { 'content-type': type, ...(location ? { location } : {}) }).end(bytes);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || !address) throw new Error('There is no free port.');
  return address.port;
}
