import { expect } from 'vitest';
import { manifestForm } from '../manifest-form.ts';
import { startCommand } from './command.ts';
import type { MachineFacts } from './machine.ts';
import type { Slipway } from './slipway.ts';

/** Makes a GitHub App at the machine's git host as an operator does with the command and a browser; gives the page that installs it. */
export async function makeApp(machine: MachineFacts): Promise<string> {
  const command = startCommand(machine, 'github-app', 'create', '--name', 'Slipway of the tests');
  const page = await (await fetch(await command.printed(/http:\/\/127\.0\.0\.1\S+/))).text();
  const { action, manifest } = manifestForm(page);
  const confirmed = await submit(action, { manifest, password: machine.password });
  await fetch(confirmed.headers.get('location') ?? '');
  const { code, output } = await command.ended;
  expect([code, output]).toEqual([0, expect.stringContaining('is made, and its key stored')]);
  return /http\S+\/installations\/new/.exec(output)?.[0] ?? '';
}

export async function installApp(page: string, { password }: MachineFacts, repositories: string): Promise<void> {
  expect((await submit(page, { repositories, password })).status).toBe(200);
}

function submit(url: string, fields: Record<string, string>): Promise<Response> {
  return fetch(url, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) });
}

/** Makes the repository of a job a private one, before anything of it can be built. */
export async function hideRepository(slipway: Slipway, job: string): Promise<void> {
  const copy = await slipway.workingCopy(`demo/${job}`);
  await copy.push('Begin', 'refs/heads/begin');
  const { url, gitHubToken } = slipway.machine;
  const answer = await fetch(`${url}/github/repos/demo/${job}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${gitHubToken}` },
    body: JSON.stringify({ private: true }),
  });
  expect(answer.status).toBe(200);
}
