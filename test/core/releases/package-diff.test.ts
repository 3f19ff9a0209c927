import { describe, expect, it } from 'vitest';
import { packageChanges } from '../../../core/releases/package-diff.ts';
import { cpuTime } from '../../cpu-time.ts';

const one = (name: string, version: string, architecture = 'x86_64') => ({ name, version, architecture });

describe('what differs between the packages of two images', () => {
  it('is what was added, removed and updated, by name', () => {
    const before = [one('zlib', '1.2'), one('openssl', '3.0.1'), one('curl', '8.1')];
    const after = [one('openssl', '3.0.2'), one('jq', '1.7'), one('zlib', '1.2')];
    expect(packageChanges(before, after)).toEqual({
      added: [one('jq', '1.7')],
      removed: [one('curl', '8.1')],
      updated: [{ name: 'openssl', architecture: 'x86_64', before: '3.0.1', after: '3.0.2' }],
    });
  });

  it('is nothing where both have the same, in whatever order', () => {
    const packages = [one('a', '1'), one('b', '2'), one('b', '3')];
    expect(packageChanges(packages, packages.toReversed())).toEqual({ added: [], removed: [], updated: [] });
  });

  it('calls a downgrade an update: which version is the newer one is not asked', () => {
    expect(packageChanges([one('a', '2')], [one('a', '1')]).updated).toEqual([
      { name: 'a', architecture: 'x86_64', before: '2', after: '1' },
    ]);
  });

  it('keeps the architectures of one name apart', () => {
    const before = [one('glibc', '1', 'i686'), one('glibc', '1', 'x86_64')];
    expect(packageChanges(before, [one('glibc', '2', 'x86_64'), one('glibc', '1', 'i686')])).toEqual({
      added: [],
      removed: [],
      updated: [{ name: 'glibc', architecture: 'x86_64', before: '1', after: '2' }],
    });
    expect(packageChanges(before, [one('glibc', '2', 'i686'), one('glibc', '2', 'x86_64')]).updated).toHaveLength(2);
    expect(packageChanges(before, [one('glibc', '1', 'x86_64')]).removed).toEqual([one('glibc', '1', 'i686')]);
  });

  it('has kernels side by side come and go, and calls none an update of another that it may not be', () => {
    const before = [one('kernel', '5.1'), one('kernel', '5.2')];
    expect(packageChanges(before, [...before, one('kernel', '5.3')])).toEqual({
      added: [one('kernel', '5.3')],
      removed: [],
      updated: [],
    });
    expect(packageChanges(before, [one('kernel', '5.3'), one('kernel', '5.4')])).toEqual({
      added: [one('kernel', '5.3'), one('kernel', '5.4')],
      removed: before,
      updated: [],
    });
    expect(packageChanges(before, [one('kernel', '5.2'), one('kernel', '5.3')]).updated).toEqual([
      { name: 'kernel', architecture: 'x86_64', before: '5.1', after: '5.3' },
    ]);
  });

  it('knows a package again that got another architecture', () => {
    expect(packageChanges([one('tzdata', '1', 'noarch')], [one('tzdata', '2', 'x86_64')])).toEqual({
      added: [],
      removed: [],
      updated: [{ name: 'tzdata', architecture: 'x86_64', before: '1', after: '2' }],
    });
  });

  it('counts a package once that the database has twice', () => {
    expect(packageChanges([], [one('gpg-pubkey', '1'), one('gpg-pubkey', '1')]).added).toEqual([
      one('gpg-pubkey', '1'),
    ]);
  });

  it.each([
    [
      '20,000 names',
      (number: number) => one(`package-${number}`, '1'),
      (number: number) => one(`package-${number}`, '2'),
    ],
    ['one name 20,000 times', (number: number) => one('a', `1.${number}`), (number: number) => one('a', `2.${number}`)],
    [
      '20,000 architectures of one name',
      (number: number) => one('a', '1', `m${number}`),
      (number: number) => one('a', '2', `m${number}`),
    ],
    [
      'names that objects have by themselves',
      (number: number) => one(['__proto__', 'constructor', 'toString'][number % 3] ?? '', `1.${number}`),
      () => one('__proto__', '2'),
    ],
  ])('takes no time over %s', (_, old, recent) => {
    const lists = [old, recent].map((each) => Array.from({ length: 20_000 }, (_, number) => each(number)));
    const began = cpuTime();
    packageChanges(lists[0] ?? [], lists[1] ?? []);
    expect(cpuTime() - began).toBeLessThan(1_000);
  });
});
