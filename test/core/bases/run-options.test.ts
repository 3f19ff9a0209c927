// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfiles have variables of their own

import { expect, test } from 'vitest';
import { entitlementOf, mountedSecrets, mountedSources, mounts, unsafeMount } from '../../../core/bases/run-options.ts';

test('the secrets that steps mount are found, by their ids or the names of their files', () => {
  const options = ['id=npmrc', 'id=a,required=true', 'target=/root/.netrc,required', 'id=b,required=false'];
  const found = mountedSecrets([
    '--network=none',
    '--mount=type=cache,id=c',
    ...options.map((each) => `--mount=type=secret,${each}`),
  ]);
  expect(found).toEqual([
    { id: 'npmrc', isRequired: false },
    { id: 'a', isRequired: true },
    { id: '.netrc', isRequired: true },
    { id: 'b', isRequired: false },
  ]);
});

test.each([
  'type=bind,source=make.sh,target=/make.sh',
  'target=/src',
  'source=a,target=/a,readonly',
  'src=a,dst=/a,ro=true',
  'type=cache,target=/root/.cache',
  'type=cache,id=go.mod-1,target=/go,sharing=locked,uid=0',
  'type=tmpfs,target=/tmp,size=1000',
  'type=secret,id=token,target=/token',
])('the mount %s stays inside, whatever Buildah there is', (mount) => {
  expect(unsafeMount([`--mount=${mount}`])).toBeUndefined();
});

test.each([
  ['a link in another image', 'type=bind,from=builder,source=/link,target=/host'],
  ['a link in an image, as a cache', 'type=cache,from=builder,source=/link,target=/host'],
  ['a cache whose name is a path', 'type=cache,id=../../../etc,target=/c'],
  ['a cache whose name is two dots', 'type=cache,id=..,target=/c'],
  ['a cache whose name is an absolute path', 'type=cache,id=/etc,target=/c'],
  ['a target that is no absolute path, which names a cache too', 'type=cache,target=../../../etc'],
  ['the context for writing', 'type=bind,source=.,target=/c,rw'],
  ['the context for writing, put otherwise', 'type=bind,target=/c,readonly=false'],
  ['a propagation', 'type=bind,target=/c,bind-propagation=rshared'],
  ['a variable', 'type=cache,id=${A},target=/c'],
  ['an escape', 'type=cache,id=.\\./x,target=/c'],
  ['quotes', '"type=cache","id=a",target=/c'],
  ['an option twice', 'type=cache,id=a,id=b,target=/c'],
  ['two names for one option', 'source=a,src=b,target=/c'],
  ['a type that nobody knows', 'type=devpts,target=/c'],
  ['a type in capitals', 'type=Bind,from=a,target=/c'],
  ['text that is not a list of options', '"type=bind'],
])('%s is found', (_, mount) => {
  const option = `--mount=${mount}`;
  expect(unsafeMount(['--mount=target=/a', option])).toBe(option);
});

test('what a mount takes from the context is found', () => {
  const options = [
    '--network=none',
    '--mount=source=a/b,target=/b',
    '--mount=type=cache,target=/c',
    '--mount=src=c,target=/d',
  ];
  expect(mountedSources(options)).toEqual(['a/b', '', 'c']);
  expect(mounts(options)).toBe(true);
  expect(mounts(['--network=none'])).toBe(false);
});

test.each([
  ['--network=host', true],
  ['--network=container:x', true],
  ['--security=insecure', true],
  ['--network=none', false],
  ['--network=default', false],
  ['--security=sandbox', false],
  ['--mount=type=cache,target=/network=host', false],
])('%s asks for a right of the machine: %s', (option, does) => {
  expect(entitlementOf(['--mount=target=/a', option])).toBe(does ? option : undefined);
});
