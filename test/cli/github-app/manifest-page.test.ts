import { expect, it } from 'vitest';
import { askForApp } from '../../../cli/github-app/manifest-page.ts';

/** What the form of the page sends, and where to. */
async function formAt(url: string) {
  const text = await (await fetch(url)).text();
  const unescaped = (part = '') => part.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
  const action = new URL(unescaped(/action="([^"]*)"/.exec(text)?.[1]));
  return { action, manifest: JSON.parse(unescaped(/name="manifest" value="([^"]*)"/.exec(text)?.[1])), text };
}

it('sends the manifest to GitHub, and takes only the answer to it', async () => {
  const manifest = { name: `Slipway of "Ada" <b>` };
  const { url, code } = await askForApp({ action: 'https://github.com/settings/apps/new', manifest });
  const { origin } = new URL(url);
  const { action, manifest: sent, text } = await formAt(url);
  expect(action.href).toMatch(/^https:\/\/github\.com\/settings\/apps\/new\?state=[\w-]{32}$/);
  expect(sent).toEqual({ ...manifest, redirect_url: `${origin}/made` });
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
