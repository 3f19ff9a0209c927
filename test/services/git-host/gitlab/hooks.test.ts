import { describe, expect, it } from 'vitest';
import { createGitlabHooks } from '../../../../services/git-host/gitlab/hooks.ts';
import { startHost } from '../../http.ts';
import { send } from '../ask-host.ts';

const url = 'https://slipway.example/webhooks/gitlab';
const secret = 'ab'.repeat(32);
const events = { push_events: true, tag_push_events: true, merge_requests_events: true, note_events: true };
const hook = { url, ...events, enable_ssl_verification: true };
const signing_token = `whsec_${Buffer.from(secret, 'hex').toString('base64')}`;
const hooks = '/projects/acme%2Fshop/hooks';

/** GitLab's project webhooks, as https://docs.gitlab.com/api/project_webhooks/ has them. */
async function keepAt(known: object[], { isSigning }: { isSigning: boolean }) {
  await using gitlab = await startHost(({ method }, response) => {
    if (method === 'GET') return send(response, 200, known);
    send(response, method === 'POST' ? 201 : 200, {
      id: 7,
      url,
      ...(isSigning ? { signing_token_present: true } : {}),
    });
  });
  const { keep } = createGitlabHooks({ apiUrl: gitlab.url, token: 'glpat' });
  const answer = await keep({ repository: 'acme/shop' }, { url, secret });
  const changes = gitlab.requests
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path, body }) => [method, path, JSON.parse(body)]);
  return { answer, changes };
}

describe('a webhook of GitLab', () => {
  it('is made at GitLab, and signs its events', async () => {
    expect(await keepAt([], { isSigning: true })).toEqual({
      answer: 'created',
      changes: [['POST', hooks, { ...hook, signing_token }]],
    });
  });

  it('is changed where it is there already', async () => {
    const other = { id: 3, url: 'https://chat.example' };
    expect(await keepAt([other, { id: 7, url }], { isSigning: true })).toEqual({
      answer: 'updated',
      changes: [['PUT', `${hooks}/7`, { ...hook, signing_token }]],
    });
  });

  it('sends its secret where GitLab does not sign yet', async () => {
    expect(await keepAt([], { isSigning: false })).toEqual({
      answer: 'created',
      changes: [
        ['POST', hooks, { ...hook, signing_token }],
        ['PUT', `${hooks}/7`, { ...hook, token: secret }],
      ],
    });
  });
});
