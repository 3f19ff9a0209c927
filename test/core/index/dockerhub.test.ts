import { describe, expect, it } from 'vitest';
import { type DockerHubBuild, dockerHubSchema, importDockerHub } from '../../../core/index/dockerhub.ts';

type Rule = Partial<DockerHubBuild['build_settings'][number]>;

function imported(rules: Rule[], over: Partial<DockerHubBuild> = {}) {
  const build = dockerHubSchema.parse({
    image: 'Acme/web',
    owner: 'acme',
    repository: 'web-app',
    build_settings: rules.map((rule) => ({ source_type: 'Branch', source_name: 'main', tag: 'latest', ...rule })),
    ...over,
  });
  return importDockerHub(build, 'web@example.org');
}

describe('a rule for a branch', () => {
  it('is an entry', () => {
    expect(imported([{ tag: 'latest, stable,{sourceref}' }]).entries).toEqual([
      {
        id: 1,
        'app-id': 'acme',
        'job-id': 'web',
        'git-url': 'https://github.com/acme/web-app',
        'git-branch': 'main',
        'git-path': '/',
        'target-file': 'Dockerfile',
        'build-context': './',
        'desired-tag': 'latest',
        'extra-tags': ['stable', 'main'],
        'notify-email': 'web@example.org',
        'depends-on': null,
        'version-tags': false,
      },
    ]);
  });

  it.each([
    ['/', '/', '/', 'Dockerfile'],
    ['docker/Dockerfile.web', '/', '/', 'docker/Dockerfile.web'],
    ['Dockerfile.alpine', '/images/web/', '/images/web/', 'Dockerfile.alpine'],
    ['images/web/Dockerfile', '', '/images/web/', 'Dockerfile'],
    ['images/web/', null, '/images/web/', 'Dockerfile'],
    [null, './images', '/images/', 'Dockerfile'],
  ])('with the Dockerfile %j and the context %j is built from %s, %s', (dockerfile, build_context, path, target) => {
    const [entry] = imported([{ dockerfile, build_context }]).entries;
    expect(entry).toMatchObject({ 'git-path': path, 'target-file': target, 'build-context': './' });
  });

  it('joins another one for the same branch and Dockerfile', () => {
    const { entries } = imported([{ tag: 'edge' }, { tag: 'nightly' }, { source_name: 'v2', tag: '2' }]);
    expect(entries).toMatchObject([
      { id: 1, 'desired-tag': 'edge', 'extra-tags': ['nightly'] },
      { id: 2, 'desired-tag': '2', 'git-branch': 'v2' },
    ]);
  });

  it.each<[string, Rule, RegExp]>([
    ['with an expression', { source_name: '/^release-(.+)$/', tag: '{\\1}' }, /tracks one branch/],
    ['that is off', { autobuild: false }, /autobuild is off/],
    ['without a tag', { tag: '' }, /names no tag/],
  ])('%s is reported', (_, rule, reason) => {
    const { entries, left } = imported([rule]);
    expect([entries, left]).toEqual([[], [expect.stringMatching(reason)]]);
  });
});

describe('a rule for git tags', () => {
  const branch: Rule = {};

  it.each<[string, string, RegExp[]]>([
    ['/^v([0-9]+)\\.([0-9]+)\\.([0-9]+)$/', '{\\1}.{\\2}.{\\3},{\\1}.{\\2},{\\1},latest', []],
    ['/^[0-9.]+$/', '{sourceref}', [/also gets 1\.2, 1, latest/]],
    ['/^v.*$/', '{sourceref}', [/v1\.2\.3 gets 1\.2\.3, 1\.2, 1, latest here, and not v1\.2\.3/, /also gets/]],
  ])('that versions match (%s) makes the entry of its Dockerfile release them', (source_name, tag, expected) => {
    const { entries, left, notes } = imported([branch, { source_type: 'Tag', source_name, tag }]);
    expect(entries).toMatchObject([{ 'version-tags': true }]);
    expect([left, notes.slice(0, -1)]).toEqual([[], expected.map((note) => expect.stringMatching(note))]);
  });

  it.each<[string, Rule, RegExp]>([
    ['one name', { source_name: 'v1.2.3' }, /only versions/],
    ['other names', { source_name: '/^nightly-.*$/' }, /only versions/],
    ['an expression that cannot be read', { source_name: '/(/' }, /only versions/],
    ['another Dockerfile', { source_name: '/.*/', dockerfile: 'other/Dockerfile' }, /no rule for a branch/],
  ])('of %s is reported', (_, rule, reason) => {
    const { left } = imported([branch, { source_type: 'Tag', ...rule }]);
    expect(left).toEqual([expect.stringMatching(reason)]);
  });
});

it('what has no counterpart is reported, without the values of variables', () => {
  const { entries, notes } = imported([{ nocache: true }], {
    autotests: 'SOURCE_AND_FORKS',
    repo_links: true,
    envvars: [{ name: 'TOKEN', value: 'hush' }],
  });
  expect(entries).toMatchObject([{ 'pull-requests': true }]);
  expect(notes.map((note) => note.split(' ')[0])).toEqual([
    'Branch',
    'Hooks',
    'Build',
    'Autotests:',
    'Pull',
    'Repository',
  ]);
  expect(notes.join()).not.toContain('hush');
});

it.each([
  ['Bitbucket', 'https://bitbucket.org/acme/web-app'],
  ['Gitlab', undefined],
])('the source at %s', (provider, url) => {
  const { entries, left } = imported([{}], { provider });
  expect(entries[0]?.['git-url']).toBe(url);
  expect(left).toHaveLength(url ? 0 : 1);
});
