import { describe, expect, it } from 'vitest';
import { readIndex } from '../../core/index-file.ts';

const entry = (over: Record<string, string> = {}) => {
  const keys: Record<string, string> = {
    id: '1',
    'app-id': 'demo',
    'job-id': 'app',
    'git-url': 'https://git.example/demo/app.git',
    'git-branch': 'main',
    'git-path': '/',
    'target-file': 'Dockerfile',
    'desired-tag': 'latest',
    'notify-email': 'owner@example.org',
    'build-context': './',
    'depends-on': 'null',
    ...over,
  };
  return Object.entries(keys)
    .map(([key, value], at) => `${at === 0 ? '  - ' : '    '}${key}: ${value}`)
    .join('\n');
};
const file = (...entries: string[]) => ({ path: 'index.d/demo.yml', text: `Projects:\n${entries.join('\n')}\n` });

describe('reading an index', () => {
  it('keeps every value as the text that was written', () => {
    const { projects } = readIndex([file(entry({ 'desired-tag': '3.10' }))]);
    expect(projects[0]?.name).toBe('demo/app:3.10');
  });

  it.each([
    { 'git-path': '/', 'build-context': './', dockerfile: 'Dockerfile', context: '.' },
    { 'git-path': '/docker/', 'build-context': './', dockerfile: 'docker/Dockerfile', context: 'docker' },
    { 'git-path': 'a/b', 'build-context': '../../', dockerfile: 'a/b/Dockerfile', context: '.' },
  ])('finds the Dockerfile and the context of $git-path and $build-context', ({ dockerfile, context, ...keys }) => {
    expect(readIndex([file(entry(keys))]).projects[0]).toMatchObject({ dockerfile, context });
  });

  it('reads parents as a text, a list or nothing, and drops a project that names itself', () => {
    const parents = (value: string) => readIndex([file(entry({ 'depends-on': value }))]).projects[0]?.dependsOn;
    expect(parents('demo/base:latest')).toEqual(['demo/base:latest']);
    expect(parents('[demo/base:latest, demo/other:1]')).toEqual(['demo/base:latest', 'demo/other:1']);
    expect(parents('null')).toEqual([]);
    expect(parents('demo/app:latest')).toEqual([]);
  });

  it('reads several addresses', () => {
    const { projects } = readIndex([file(entry({ 'notify-email': 'one@example.org, two@example.org' }))]);
    expect(projects[0]?.notifyEmail).toEqual(['one@example.org', 'two@example.org']);
  });

  it.each([
    ['a path that leaves the repository', { 'git-path': '../../etc' }, /leaves the repository/],
    ['a password in the URL', { 'git-url': 'https://me:secret@git.example/a/b' }, /without user name/],
    ['a file URL', { 'git-url': 'file:///etc/passwd' }, /https/],
    ['a branch that looks like an option', { 'git-branch': '--upload-pack=x' }, /no branch name/],
    ['a name that is no image name', { 'job-id': '"a b"' }, /no image name/],
    ['an address that is none', { 'notify-email': 'nobody' }, /notify-email/],
    ['a missing key', { 'target-file': '' }, /"target-file" is missing/],
  ])('refuses %s and says where', (_, keys, message) => {
    const index = readIndex([file(entry({ 'job-id': 'good' }), entry(keys as Record<string, string>))]);
    expect(index.projects.map(({ name }) => name)).toEqual(['demo/good:latest']);
    expect(index.problems).toEqual([expect.objectContaining({ line: 13, message: expect.stringMatching(message) })]);
  });

  it('does not let a broken file hide the next one', () => {
    const index = readIndex([{ path: 'index.d/broken.yml', text: 'Projects: [' }, file(entry())]);
    expect(index.projects).toHaveLength(1);
    expect([...index.brokenFiles]).toEqual(['index.d/broken.yml']);
    expect(index.problems[0]).toMatchObject({ file: 'index.d/broken.yml', line: 1 });
  });

  it('reports the second of two entries with one name', () => {
    const index = readIndex([file(entry(), entry({ id: '2' }))]);
    expect(index.projects).toHaveLength(1);
    expect(index.problems[0]?.message).toMatch(/this name already/);
  });

  it('survives aliases that would grow without end', () => {
    const bomb = `a: &a [x, x]\n${'bcdefghij'
      .split('')
      .map((name, at) => `${name}: &${name} [*${'abcdefghi'[at]}, *${'abcdefghi'[at]}]`)
      .join('\n')}\nProjects: *j\n`;
    expect(readIndex([{ path: 'index.d/bomb.yml', text: bomb }]).problems).not.toHaveLength(0);
  });
});
