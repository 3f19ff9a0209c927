import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../core/model/errors.ts';
import type { GitHost } from '../../../core/model/git-host.ts';
import { findRepository, findSource, ownersOf, sourceOf } from '../../../core/sources/source.ts';

describe('the identity of a repository', () => {
  it.each([
    'https://github.com/CentOS/CentOS-Dockerfiles',
    'https://github.com/centos/centos-dockerfiles.git',
    'http://www.github.com/CentOS/CentOS-Dockerfiles/',
    'git://github.com/CentOS/CentOS-Dockerfiles.git/',
    'HTTPS://GitHub.com:443/CentOS/CentOS-Dockerfiles.git',
    'http://github.com.:80/centos/CentOS-Dockerfiles',
    'https://someone:secret@github.com/CentOS/CentOS-Dockerfiles.git?x=1#y',
    'https://github.com/CentOS/%43entOS-Dockerfiles',
    'https://github.com/other/../CentOS/CentOS-Dockerfiles',
    'git@github.com:CentOS/CentOS-Dockerfiles.git',
    'git@github.com:/centos/centos-dockerfiles',
    'ssh://git@github.com/CentOS/CentOS-Dockerfiles.git',
    'ssh://git@github.com:22/CentOS/CentOS-Dockerfiles.git',
    'ssh://git@github.com:2222/CentOS/CentOS-Dockerfiles.git',
  ])('is one for all its addresses: %s', (url) => {
    expect(sourceOf(url)).toBe('github.com/centos/centos-dockerfiles');
  });

  it.each([
    'http://localhost:4600/git/demo/app.git',
    'http://127.0.0.1:4600/git/demo/app',
    'http://[::1]:4600/git/demo/app.git/',
    'http://LOCALHOST.:4600/git/demo/app',
    'http://0x7f.1:4600/git/demo/app',
    'http://2130706433:4600/git/demo/app',
  ])("is one for all names of a machine's loopback: %s", (url) => {
    expect(sourceOf(url)).toBe('localhost:4600/git/demo/app');
  });

  it.each([
    ['http://localhost:4600/git/demo/app', 'http://localhost:4601/git/demo/app'],
    ['https://git.example/demo/app', 'https://git.example:8443/demo/app'],
    ['https://git.example/demo/app', 'https://git.example/demo/APP'],
    ['https://git.example/demo/app', 'https://git.example/demo/app/app'],
    ['https://git.example/demo/app', 'https://git.example.evil/demo/app'],
    ['https://github.com/demo/app', 'https://github.com/demo/app.git.git'],
    ['https://github.com/demo/app', 'https://github.com/demo/%D0%B0pp'],
    ['https://github.com/demo/app', 'https://github.com/demo/a%2Fpp'],
    ['https://github.com/__proto__/app', 'https://github.com/constructor/app'],
    ['http://127.0.0.1/demo/app', 'http://127.0.0.2/demo/app'],
  ])('is another for another repository: %s, %s', (one, other) => {
    expect(sourceOf(one)).not.toBe(sourceOf(other));
  });

  it('does not depend on letter case at the configured git hosts either', () => {
    const at = (url: string): GitHost[] => [{ kind: 'forgejo', url, apiUrl: url }];
    expect(sourceOf('https://git.example/Demo/App', at('https://git.example'))).toBe('git.example/demo/app');
    expect(sourceOf('http://127.0.0.1:4600/git/Demo/App', at('http://localhost:4600/git'))).toBe(
      'localhost:4600/git/demo/app',
    );
    expect(sourceOf('https://git.example:8443/Demo/App', at('https://git.example'))).toBe('git.example:8443/Demo/App');
  });

  it.each([
    '',
    'demo/app',
    'github.com/demo/app',
    'https://',
    'https:github.com/demo/app',
    'https://github.com',
    'https://github.com/',
    'file:///srv/git/app',
    'ext::sh -c id',
    'javascript:alert(1)',
    'github.com:demo/app',
    '\u0000',
  ])('is not in %j', (url) => {
    expect(findSource(url)).toBeUndefined();
    expect(() => sourceOf(url)).toThrow(InvalidInputError);
  });

  it('contains the owner, or all groups from the inner to the outer', () => {
    expect(ownersOf(sourceOf('git@github.com:Demo/app.git'))).toEqual(['github.com/demo']);
    expect(ownersOf(sourceOf('https://gitlab.com/a/b/C/app'))).toEqual([
      'gitlab.com/a/b/c',
      'gitlab.com/a/b',
      'gitlab.com/a',
    ]);
  });
});

describe('a repository on a git host', () => {
  const hostAt = (url: string, kind: GitHost['kind'] = 'github'): GitHost => ({ kind, url, apiUrl: url });

  it.each([
    ['https://github.com', 'https://github.com/Demo/App.git', 'Demo/App'],
    ['https://github.com/', 'http://www.github.com/Demo/App/', 'Demo/App'],
    ['http://localhost:4600/git', 'http://127.0.0.1:4600/git/demo/app', 'demo/app'],
    ['https://github.com', 'https://gitlab.com/demo/app', undefined],
    ['https://github.com', 'https://github.com.evil/demo/app', undefined],
    ['https://github.com', 'https://github.com/demo', undefined],
    ['https://github.com', 'https://github.com/demo/app/tree', undefined],
    ['http://localhost:4600/git', 'http://localhost:4600/github/demo/app', undefined],
    ['https://github.com', 'no address', undefined],
  ])('%s has %s as %s', (url, address, path) => {
    expect(findRepository([hostAt(url)], address)?.path).toBe(path);
  });

  it.each([
    ['https://gitlab.com/demo/app.git', 'demo/app'],
    ['https://gitlab.com/Demo/sub/deeper/app', 'Demo/sub/deeper/app'],
    ['https://gitlab.com/demo', undefined],
  ])('of GitLab may be in groups of groups: %s', (address, path) => {
    expect(findRepository([hostAt('https://gitlab.com', 'gitlab')], address)?.path).toBe(path);
  });

  it('below another belongs to the inner one', () => {
    const hosts = [hostAt('https://git.example', 'forgejo'), hostAt('https://git.example/gitlab', 'gitlab')];
    const found = (address: string) => findRepository(hosts, address);
    expect(found('https://git.example/gitlab/demo/app')).toMatchObject({ host: { kind: 'gitlab' }, path: 'demo/app' });
    expect(found('https://git.example/demo/app')).toMatchObject({ host: { kind: 'forgejo' }, path: 'demo/app' });
  });
});
