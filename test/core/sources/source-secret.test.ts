import { expect, it } from 'vitest';
import { accessOf, opensUrl, usesSourceSecret, watchNameOf } from '../../../core/sources/source-secret.ts';

it.each([
  ['https://github.com/acme/', 'https://github.com/acme/app.git', true],
  ['https://github.com/acme', 'https://github.com/acme/app', true],
  ['https://github.com/acme/app.git', 'https://github.com/acme/app', true],
  ['https://github.com/acme/app', 'https://github.com/acme/app.git/', true],
  ['https://github.com/', 'https://github.com/acme/app.git', true],
  ['https://github.com/acme', 'https://github.com/acme-evil/app.git', false],
  ['https://github.com/acme/', 'https://github.com/acme/../evil/app.git', false],
  ['https://github.com/acme/', 'https://github.com/acme/%2e%2e%2Fevil/app.git', false],
  ['https://github.com/acme/', 'https://github.com/acme/..%5cevil/app.git', false],
  ['https://github.com/acme/', 'http://github.com/acme/app.git', false],
  ['https://github.com/acme/', 'https://github.com:8443/acme/app.git', false],
  ['https://github.com/acme/', 'https://github.com.evil.example/acme/app.git', false],
  ['https://github.com/acme/', 'https://github.com@evil.example/acme/app.git', false],
  ['https://github.com/acme/', 'no address', false],
])('a secret for %s is sent to %s: %s', (opened, url, expected) => {
  expect(opensUrl(opened, url)).toBe(expected);
});

it('projects of one repository are asked for together only with the same credential', () => {
  const of = (appId: string, sourceSecret?: string) => ({ appId, sourceSecret, source: 'github.com/acme/app' });
  expect(accessOf(of('demo'))).toBe(accessOf(of('other')));
  expect(new Set([of('demo'), of('demo', 'a'), of('demo', 'b'), of('other', 'a')].map(accessOf)).size).toBe(4);
  expect(watchNameOf(of('demo'))).toBe('github.com/acme/app');
  expect(watchNameOf(of('demo', 'a'))).not.toBe(watchNameOf(of('other', 'a')));
});

it.each([
  ['refs/heads/main', 'deploy', true],
  ['refs/tags/v1.0.0', 'deploy', true],
  ['refs/pull/7/head', 'deploy', false],
  ['refs/heads/main', undefined, false],
])('a build of %s with the secret %s uses it: %s', (ref, sourceSecret, expected) => {
  expect(usesSourceSecret({ ref }, { sourceSecret })).toBe(expected);
});
