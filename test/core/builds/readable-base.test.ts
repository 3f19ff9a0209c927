import { describe, expect, it } from 'vitest';
import { isReadableBase, isReleaseRepository, projectsReleasingTo } from '../../../core/builds/readable-base.ts';

const host = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

describe.each(['slipway/', ''])('a build may read, under the prefix "%s",', (prefix) => {
  const mayRead = (name: string, dependsOn: string[] = [], isOfProject = false) =>
    isReadableBase(
      { name: `${prefix}${name}`, host, projects: isOfProject ? [{ name: `${name}:latest`, appId: 'demo' }] : [] },
      { appId: 'demo', dependsOn },
      { operatorImages: [], prefix },
    );

  it('the release of any project, whether its entry declares it or not', () => {
    expect(mayRead('demo/base', [], true)).toBe(true);
    expect(mayRead('demo/base', ['demo/base:latest'], true)).toBe(true);
  });

  it.each([
    ['a name without a registry', 'mirror/debian:12'],
    ['the registry’s own name', `${host}/mirror/debian:12`],
    ['a digest', `${host}/mirror/debian@sha256:${'a'.repeat(64)}`],
  ])('what depends-on names with %s', (_, image) => {
    expect(mayRead('mirror/debian', [image])).toBe(true);
    expect(mayRead('mirror/debian2', [image])).toBe(false);
    expect(mayRead('mirror', [image])).toBe(false);
  });

  it.each([
    ['a private project of the app-id that depends on it', { visibility: 'private', appId: 'demo' }, true],
    ['a public project', { appId: 'demo' }, false],
    ['a private project of another app-id', { visibility: 'private', appId: 'other' }, false],
    ['a private project that does not say so', { visibility: 'private', appId: 'demo', dependsOn: [] }, false],
  ] as const)('the release of a private project as %s', (_, project, expected) => {
    const projects = [{ name: 'demo/base:latest', appId: 'demo', visibility: 'private' as const }];
    const repository = { name: `${prefix}demo/base`, host, projects };
    const reader = { dependsOn: ['demo/base:latest'], ...project };
    expect(
      isReadableBase(repository, { ...reader, dependsOn: [...reader.dependsOn] }, { operatorImages: [], prefix }),
    ).toBe(expected);
    const operatorImages = ['demo/base:latest', `${host}/${prefix}demo/base`];
    expect(isReadableBase(repository, { appId: 'demo', dependsOn: [] }, { operatorImages, prefix })).toBe(false);
  });

  it('nothing else of the account', () => {
    expect(mayRead('company/secret')).toBe(false);
    for (const named of [
      'quay.io/company/secret:1',
      'docker.io/company/secret',
      'company/secrets',
      '//',
      '',
      '*',
      'company/*',
    ])
      expect([named, mayRead('company/secret', [named])]).toEqual([named, false]);
  });

  it('no candidate, whoever names it', () => {
    for (const name of ['candidate/demo/app', 'candidate/demo/app/cache'])
      expect(mayRead(name, [`${host}/${prefix}${name}`, name], true)).toBe(false);
  });
});

it('a repository outside the prefix of releases is none', () => {
  const repository = { name: 'company/secret', host, projects: [{ name: 'company/secret:1', appId: 'company' }] };
  const project = { appId: 'company', dependsOn: [`${host}/company/secret`] };
  expect(isReadableBase(repository, project, { operatorImages: [], prefix: 'slipway/' })).toBe(false);
});

it.each([
  ['slipway/demo/base', 'slipway/', 'demo/base:'],
  ['slipway/tool', 'slipway/', 'library/tool:'],
  ['demo/base', '', 'demo/base:'],
])('the projects that release to %s', (repository, prefix, start) => {
  expect(projectsReleasingTo(repository, prefix)).toBe(start);
});

it.each([
  ['slipway/demo/base', true],
  ['slipway/tool', true],
  ['slipway/candidate/demo/app', false],
  ['slipway/candidate/demo/app/cache', false],
  ['other/demo/base', false],
  ['slipway', false],
])('%s is a repository that a build may be based on: %s', (name, expected) => {
  expect(isReleaseRepository(name, 'slipway/')).toBe(expected);
});
