import { expect, it } from 'vitest';
import { askForApp } from '../../../cli/github-app/manifest-page.ts';
import { manifestForm } from '../../manifest-form.ts';

it('sends the manifest to GitHub, and takes only the answer to it', async () => {
  const manifest = { name: `Slipway of "Ada" <b>` };
  const { url, code } = await askForApp({ action: 'https://github.com/settings/apps/new', manifest });
  const { origin } = new URL(url);
  const text = await (await fetch(url)).text();
  const form = manifestForm(text);
  const action = new URL(form.action);
  expect(action.href).toMatch(/^https:\/\/github\.com\/settings\/apps\/new\?state=[\w-]{32}$/);
  expect(JSON.parse(form.manifest)).toEqual({ ...manifest, redirect_url: `${origin}/made` });
  expect(text).not.toContain('<b>');
  const status = async (path: string) => (await fetch(`${origin}${path}`)).status;
  const state = action.searchParams.get('state');
  expect(await status('/')).toBe(403);
  expect(await status(`/?key=${state}`)).toBe(403);
  expect(await status('/made?code=stolen')).toBe(403);
  expect(await status('/made?code=stolen&state=guess')).toBe(403);
  expect(await status(`/made?code=a%20b&state=${state}`)).toBe(403);
  expect(await status(`/made?code=abc&state=${state}`)).toBe(200);
  expect(await code).toBe('abc');
});
