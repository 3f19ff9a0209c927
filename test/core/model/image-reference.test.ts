import { expect, test } from 'vitest';
import { InvalidInputError } from '../../../core/model/errors.ts';
import { imageName, parseImageReference, wantedVersion } from '../../../core/model/image-reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

// Beside distribution/reference's normalize_test.go.
test.each([
  ['debian', 'docker.io', 'library/debian', 'latest'],
  ['debian:12', 'docker.io', 'library/debian', '12'],
  ['library/debian', 'docker.io', 'library/debian', 'latest'],
  ['docker.io/debian:12', 'docker.io', 'library/debian', '12'],
  ['index.docker.io/debian', 'docker.io', 'library/debian', 'latest'],
  ['demo/base', 'docker.io', 'demo/base', 'latest'],
  ['localhost/base', 'localhost', 'base', 'latest'],
  ['localhost:4600/demo/base:v1', 'localhost:4600', 'demo/base', 'v1'],
  ['quay.io/centos/centos:stream9', 'quay.io', 'centos/centos', 'stream9'],
  ['Registry/image', 'Registry', 'image', 'latest'],
  ['[::1]:5000/a/b/c', '[::1]:5000', 'a/b/c', 'latest'],
  [`ghcr.io/a/b@${digest}`, 'ghcr.io', 'a/b', digest],
  [`debian:12@${digest}`, 'docker.io', 'library/debian', digest],
  ['a__b/c-d--e.f', 'docker.io', 'a__b/c-d--e.f', 'latest'],
])('%s is read as Docker reads it', (text, registry, repository, version) => {
  const reference = parseImageReference(text);
  expect([reference.registry, reference.repository, wantedVersion(reference)]).toEqual([registry, repository, version]);
});

test('a name without a registry is told from one that has it', () => {
  expect(parseImageReference('demo/base')).toMatchObject({ registryIsWritten: false, path: 'demo/base' });
  expect(parseImageReference('docker.io/demo/base')).toMatchObject({ registryIsWritten: true, path: 'demo/base' });
});

test.each([
  '',
  'Debian',
  'demo/Base',
  'debian:',
  'debian:-x',
  ':12',
  '-debian',
  '--option',
  'a//b',
  '/a',
  'a/',
  'a b',
  'a\nb',
  'https://example.org/a',
  'exa_mple.org:80/a',
  'debian@sha256:abc',
  `debian@sha256:${'A'.repeat(64)}`,
  `debian:${'t'.repeat(129)}`,
  'a'.repeat(256),
  '../a',
  'a..b',
])('%j is refused', (text) => {
  expect(() => parseImageReference(text)).toThrow(InvalidInputError);
});

test('a tag is written with a colon, a digest with an at sign', () => {
  expect(imageName('localhost:1', 'a/b', 'v1')).toBe('localhost:1/a/b:v1');
  expect(imageName('localhost:1', 'a/b', digest)).toBe(`localhost:1/a/b@${digest}`);
});
