import { expect, it } from 'vitest';
import { RefusedError } from '../../../cli/errors.ts';
import { withApp } from '../../../cli/github-app/host-tokens.ts';

const github = { kind: 'github', url: 'https://github.com', apiUrl: 'https://api.github.com' } as const;
const forgejo = { kind: 'forgejo', url: 'https://codeberg.org', apiUrl: 'https://codeberg.org/api/v1' } as const;
const app = { client_id: 'Iv23', pem: 'the key' };
const stored = { app: 'Iv23', 'private-key': 'the key' };

it.each([
  ['nothing', 'none', { 'github.com': stored }],
  ['the token of the first host', 'ghp_1\n', { 'github.com': { ...stored, token: 'ghp_1' } }],
  [
    'tokens by the host',
    '{"github.com":"ghp_1","codeberg.org":"f"}',
    { 'codeberg.org': 'f', 'github.com': { ...stored, token: 'ghp_1' } },
  ],
  [
    'another app',
    '{"github.com":{"app":"Iv1","private-key":"old","token":"ghp_1"}}',
    { 'github.com': { ...stored, token: 'ghp_1' } },
  ],
])('an app is stored beside %s', (_, text, expected) => {
  expect(JSON.parse(withApp(text, { host: github, gitHosts: [github, forgejo], app }))).toEqual(expected);
});

it('a token of another first host stays its own', () => {
  const text = withApp('f', { host: github, gitHosts: [forgejo, github], app });
  expect(JSON.parse(text)).toEqual({ 'codeberg.org': 'f', 'github.com': stored });
});

it.each(['{', '{"github.com":7}'])('what nobody understands is not replaced: %s', (text) => {
  expect(() => withApp(text, { host: github, gitHosts: [github], app })).toThrow(RefusedError);
});
