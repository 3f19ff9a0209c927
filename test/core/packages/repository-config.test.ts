// biome-ignore-all lint/suspicious/noTemplateCurlyInString: dnf has variables of its own

import { expect, test } from 'vitest';
import {
  hold,
  parseApkPins,
  parseApkRepositories,
  parseAptPins,
  parseAptSources,
  parseRpmPins,
  parseRpmRepositories,
  releaseVersion,
} from '../../../core/packages/repository-config.ts';
import { cpuTime } from '../../cpu-time.ts';

const apt = (text: string, path = 'etc/apt/sources.list') =>
  parseAptSources([{ path, text }], 'amd64').map((each) =>
    each.type === 'apt' ? `${each.url} ${each.suite} ${each.components.join(',')}` : each.type,
  );

test('sources.list: binary sources for the image’s architecture, with or without options', () => {
  expect(
    apt(
      [
        'deb http://deb.debian.org/debian/ bookworm main contrib # a comment',
        '# deb http://a.example.org/off x y',
        'deb-src http://deb.debian.org/debian bookworm main',
        'deb [arch=arm64] http://arm.example.org/debian bookworm main',
        'deb [ signed-by=/k.gpg arch=i386,amd64 ] https://apt.example.org/$(ARCH) $(ARCH)/',
        'deb',
        '',
      ].join('\n'),
    ),
  ).toEqual(['http://deb.debian.org/debian bookworm main,contrib', 'https://apt.example.org/$(ARCH) amd64/ ']);
});

test('deb822: every address with every suite, fields over several lines, comments, and what is switched off', () => {
  const text = [
    '# a comment of its own',
    'Types: deb deb-src',
    'URIs: http://one.example.org/debian',
    ' https://two.example.org/debian/',
    'Suites: stable stable-updates',
    '# within',
    'Components: main',
    'Signed-By:',
    ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
    ' .',
    ' abc',
    '',
    'Types: deb',
    'URIs: http://off.example.org',
    'Suites: x',
    'Enabled: no',
    '',
    'Types: deb',
    'URIs: http://arm.example.org',
    'Suites: x',
    'Architectures: arm64',
  ].join('\n');
  expect(apt(text, 'etc/apt/sources.list.d/a.sources')).toEqual([
    'http://one.example.org/debian stable main',
    'http://one.example.org/debian stable-updates main',
    'https://two.example.org/debian stable main',
    'https://two.example.org/debian stable-updates main',
  ]);
});

test('dnf: what is enabled, with variables put in, addresses before lists of mirrors', () => {
  const text = [
    '[main]',
    'gpgcheck=1',
    '[baseos]',
    'name=CentOS $releasever',
    'metalink=https://mirrors.example.org/metalink?repo=baseos-$releasever&arch=${basearch}',
    'gpgcheck=1',
    '[two]',
    'baseurl = https://a.example.org/$basearch/os/',
    '          ftp://b.example.org/x',
    '          https://c.example.org/$unknown',
    'mirrorlist=https://never.example.org',
    '; enabled=0',
    '[off]',
    'enabled=0',
    'baseurl=https://off.example.org',
  ].join('\r\n');
  expect(parseRpmRepositories([{ path: 'a.repo', text }], { releasever: '9', basearch: 'x86_64' })).toEqual([
    { type: 'rpm-mirrors', id: 'baseos', url: 'https://mirrors.example.org/metalink?repo=baseos-9&arch=x86_64' },
    { type: 'rpm', id: 'two', urls: ['https://a.example.org/x86_64/os', 'https://c.example.org/$unknown'] },
  ]);
});

test('the release that an image’s repositories are for', () => {
  const system = { name: 'system-release', version: '2023.6.20241010-0.amzn2023', architecture: 'noarch' };
  expect(releaseVersion({ id: 'amzn', version: '2023' }, [system])).toBe('2023.6.20241010');
  expect(releaseVersion({ id: 'rocky', version: '9.4' }, [system])).toBe('9');
  expect(releaseVersion({ id: 'fedora', version: '41' }, [])).toBe('41');
  expect(releaseVersion({ id: 'x' }, [])).toBeUndefined();
});

test('Alpine: repositories without a tag', () => {
  const text =
    'https://dl-cdn.alpinelinux.org/alpine/v3.20/main/\n#https://off.example.org\n@edge https://e.example.org\n/media/cdrom\n';
  expect(parseApkRepositories(text)).toEqual([
    { type: 'apk', url: 'https://dl-cdn.alpinelinux.org/alpine/v3.20/main' },
  ]);
});

test('what an image binds to a version stays as it is', () => {
  expect(parseApkPins('alpine-base nginx=1.26.0-r0 php~8.2 tool@edge less<700 !gone')).toEqual([
    'nginx',
    'php',
    'tool',
    'less',
  ]);
  const preferences =
    'Package: nodejs npm\nPin: version 18.*\nPin-Priority: 1001\n\nPackage: *\nPin: release a=stable\nPin-Priority: 900\n';
  expect(parseAptPins([{ path: 'etc/apt/preferences', text: preferences }])).toEqual(['nodejs', 'npm']);
  expect(parseRpmPins('[main]\nexclude=kernel* php\n', '# locked\nbash-0:5.1.8-6.el9.*\n!not-this-1-1\n')).toEqual([
    'kernel*',
    'php',
    'bash',
  ]);

  const packages = ['kernel-core', 'kernel', 'php', 'php-cli'].map((name) => ({
    name,
    version: '1',
    architecture: 'x',
  }));
  expect(hold(packages, ['kernel*', 'ph?']).map(({ name, held }) => `${name} ${held ?? false}`)).toEqual([
    'kernel-core true',
    'kernel true',
    'php true',
    'php-cli false',
  ]);
});

test('a pattern that is made to take for ever does not', () => {
  const packages = [{ name: 'a'.repeat(200), version: '1', architecture: 'x' }];
  const started = cpuTime();
  hold(packages, [`${'*a'.repeat(80)}b`]);
  expect(cpuTime() - started).toBeLessThan(1000);
});
