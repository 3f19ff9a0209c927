import { expect, it } from 'vitest';
import { InvalidInputError } from '../../../core/model/errors.ts';
import { sourceOf } from '../../../core/sources/source.ts';

it.each([
  'https://github.com/CentOS/CentOS-Dockerfiles',
  'https://github.com/centos/centos-dockerfiles.git',
  'http://www.github.com/CentOS/CentOS-Dockerfiles/',
  'git://github.com/CentOS/CentOS-Dockerfiles.git/',
])('the repository of %s has one name', (url) => {
  expect(sourceOf(url)).toBe('github.com/centos/centos-dockerfiles');
});

it('another port is another host', () => {
  expect(sourceOf('http://localhost:4600/git/demo/app.git')).toBe('localhost:4600/git/demo/app');
});

it('refuses what is no URL', () => {
  expect(() => sourceOf('git@github.com:a/b')).toThrow(InvalidInputError);
});
