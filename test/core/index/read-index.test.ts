import { describe, expect, it } from 'vitest';
import { readIndex } from '../../../core/index/read-index.ts';
import { goodFile, now } from './index-texts.ts';

/** One entry of demo.yml; its keys begin in line 2. */
const one = (over: Record<string, string> = {}) => readIndex([goodFile({ app: over })], { now });

describe('reading an index', () => {
  it('keeps every value as the text that was written', () => {
    const { projects } = one({ 'desired-tag': '3.10' });
    expect(projects[0]?.name).toBe('demo/app:3.10');
  });

  it.each([
    { 'git-path': '/', 'build-context': './', dockerfile: 'Dockerfile', context: '.' },
    { 'git-path': '/docker/', 'build-context': './', dockerfile: 'docker/Dockerfile', context: 'docker' },
    { 'git-path': 'a/b', 'build-context': '../../', dockerfile: 'a/b/Dockerfile', context: '.' },
  ])('finds the Dockerfile and the context of $git-path and $build-context', ({ dockerfile, context, ...keys }) => {
    expect(one(keys).projects[0]).toMatchObject({ dockerfile, context });
  });

  it('reads parents as a text, a list or nothing, and drops a project that names itself', () => {
    const parents = (value: string) => one({ 'depends-on': value }).projects[0]?.dependsOn;
    expect(parents('demo/base:latest')).toEqual(['demo/base:latest']);
    expect(parents('[demo/base:latest, demo/other:1]')).toEqual(['demo/base:latest', 'demo/other:1']);
    expect(parents('null')).toEqual([]);
    expect(parents('demo/app:latest')).toEqual([]);
  });

  it('gives the version tags of a repository to one entry, and reports the other', () => {
    const shared = { 'job-id': 'app', 'version-tags': 'true' };
    const index = readIndex(
      [goodFile({ one: { ...shared, 'desired-tag': '1' }, two: { ...shared, 'desired-tag': '2' } })],
      { now },
    );
    expect(index.projects.map(({ name, versionTags }) => [name, versionTags])).toEqual([
      ['demo/app:1', true],
      ['demo/app:2', false],
    ]);
    expect(index.diagnostics).toMatchObject([
      { severity: 'error', entry: 'demo/app:2', message: expect.stringContaining('demo/app:1 releases') },
    ]);
  });

  it.each([
    ['http://127.0.0.1:4600/git/Demo/App.git', 'http://localhost:4600/git', 'localhost:4600/git/demo/app'],
    ['http://[::1]:4600/git/demo/app/', 'http://localhost:4600/git', 'localhost:4600/git/demo/app'],
    ['https://git.example/Demo/App', 'https://git.example', 'git.example/demo/app'],
    ['https://git.example/Demo/App', 'https://github.com', 'git.example/Demo/App'],
  ])('gives the repository at %s the name that events of %s have', (url, hostUrl, source) => {
    const gitHosts = [{ kind: 'github' as const, url: hostUrl, apiUrl: hostUrl }];
    const allowedHosts = ['localhost', '127.0.0.1', '[::1]'];
    const { projects } = readIndex([goodFile({ app: { 'git-url': url } })], { now, allowedHosts, gitHosts });
    expect(projects).toMatchObject([{ gitUrl: url, source }]);
  });

  it('reads several addresses', () => {
    const { projects } = one({ 'notify-email': 'one@example.org, two@example.org' });
    expect(projects[0]?.notifyEmail).toEqual(['one@example.org', 'two@example.org']);
  });

  it.each([
    ['a path that leaves the repository', { 'git-path': '../../etc' }, 18, 15, /leaves the repository/],
    ['a password in the URL', { 'git-url': 'https://me:secret@git.example/a/b' }, 16, 14, /user name or password/],
    ['a file URL', { 'git-url': 'file:///etc/passwd' }, 16, 14, /http and https only/],
    ['a branch that looks like an option', { 'git-branch': '--upload-pack=x' }, 17, 17, /not a branch name/],
    ['a name that is not an image name', { 'job-id': '"a b"' }, 15, 13, /not an image name/],
    ['an address that is none', { 'notify-email': 'nobody' }, 21, 19, /not a mail address/],
    ['a missing key', { 'target-file': '' }, 19, 5, /"target-file" is missing/],
  ])('refuses %s, says where, and takes the entry beside it', (_, keys, line, column, message) => {
    const index = readIndex([goodFile({ good: {}, bad: keys as Record<string, string> })], { now });
    expect(index.projects.map(({ name }) => name)).toEqual(['demo/good:latest']);
    expect(index.diagnostics).toEqual([
      expect.objectContaining({ severity: 'error', line, column, message: expect.stringMatching(message) }),
    ]);
  });

  it('has at most five mail addresses, or as many as the operators allow', () => {
    const addresses = (count: number) => Array.from({ length: count }, (_, at) => `a${at}@example.org`);
    const read = (list: string[], mostRecipients?: number) =>
      readIndex([goodFile({ app: { 'notify-email': list.join(', ') } })], {
        now,
        ...(mostRecipients === undefined ? {} : { mostRecipients }),
      });
    expect(read(addresses(5)).diagnostics).toEqual([]);
    expect(read(addresses(6)).diagnostics).toMatchObject([
      { severity: 'error', code: 'too-many', message: expect.stringContaining('has 6 addresses, and 5 are allowed') },
    ]);
    expect(read(addresses(6)).projects).toEqual([]);
    expect(read(addresses(6), 6).projects[0]?.notifyEmail).toEqual(addresses(6));
    // The same address twice is one.
    expect(read([...addresses(5), 'A0@example.org']).projects[0]?.notifyEmail).toHaveLength(5);
  });

  it('does not let a broken file hide the next one', () => {
    const index = readIndex([{ path: 'index.d/broken.yml', text: 'Projects: [' }, goodFile({ app: {} })], { now });
    expect(index.projects).toHaveLength(1);
    expect([...index.brokenFiles]).toEqual(['index.d/broken.yml']);
    expect(index.diagnostics[0]).toMatchObject({ file: 'index.d/broken.yml', line: 1 });
  });

  it('reports the second of two entries with one name', () => {
    const index = readIndex([goodFile({ app: {}, other: { 'job-id': 'app' } })], { now });
    expect(index.projects).toHaveLength(1);
    expect(index.diagnostics[0]?.message).toMatch(/this name already/);
  });

  it('survives aliases that would grow without end', () => {
    const bomb = `a: &a [x, x]\n${'bcdefghij'
      .split('')
      .map((name, at) => `${name}: &${name} [*${'abcdefghi'[at]}, *${'abcdefghi'[at]}]`)
      .join('\n')}\nProjects: *j\n`;
    expect(readIndex([{ path: 'index.d/bomb.yml', text: bomb }], { now }).diagnostics).not.toHaveLength(0);
  });
});
