import { describe, expect, it } from 'vitest';
import type { Purl } from '../../../core/model/purl.ts';
import { matchOf } from '../../../core/policy/vex-match.ts';
import { packageNameOf, packageVersionOf, parsePurl } from '../../../core/sbom/purl.ts';

const read = (text: string): Purl => {
  const purl = parsePurl(text);
  if (!purl) throw new Error(`${text} is not a package URL`);
  return purl;
};
const found = (text: string) => {
  const purl = read(text);
  return { ids: ['CVE-2026-1'], package: packageNameOf(purl), installed: packageVersionOf(purl), purl };
};
const debian = 'pkg:deb/debian/openssl@3.0.1-1?arch=amd64&distro=debian-12';
const fedora = 'pkg:rpm/fedora/vim@9.0-1.fc40?arch=x86_64&epoch=2&distro=fedora-40';

describe('a statement on a package is about the package of a finding', () => {
  it.each([
    // Type, namespace and name.
    ['pkg:deb/debian/openssl', debian, 'yes'],
    ['pkg:deb/ubuntu/openssl', debian, 'no'],
    ['pkg:rpm/debian/openssl', debian, 'no'],
    ['pkg:pypi/openssl', debian, 'no'],
    ['pkg:deb/debian/libssl3', debian, 'no'],
    ['pkg:deb/openssl', debian, 'unknown'],
    ['pkg:generic/openssl', debian, 'no'],
    ['pkg:pypi/Flask_Login', 'pkg:pypi/flask-login@1.0', 'yes'],
    ['pkg:pypi/flask-login', 'pkg:pypi/Flask.Login@1.0', 'yes'],
    ['pkg:npm/core', 'pkg:npm/%40angular/core@1.0.0', 'no'],
    ['pkg:npm/%40angular/core', 'pkg:npm/%40angular/core@1.0.0', 'yes'],
    ['pkg:npm/%40angular/core', 'pkg:npm/core@1.0.0', 'no'],
    ['pkg:maven/org.one/log@1', 'pkg:maven/org.other/log@1', 'no'],
    ['pkg:golang/github.com/aws/smithy-go', 'pkg:golang/github.com/aws/smithy-go@v1.0.0', 'yes'],
    ['pkg:gem/rails', 'pkg:npm/rails@1.0.0', 'no'],
    // Distributions that are called by two names.
    ['pkg:rpm/amzn/curl', 'pkg:rpm/amazon/curl@1-1', 'yes'],
    ['pkg:rpm/rhel/curl', 'pkg:rpm/centos/curl@1-1', 'no'],
    // The version, where it gives one.
    ['pkg:deb/debian/openssl@3.0.1-1', debian, 'yes'],
    ['pkg:deb/debian/openssl@3.0.2-1', debian, 'no'],
    ['pkg:deb/debian/openssl@3.0.1-1', 'pkg:deb/debian/openssl', 'unknown'],
    // Qualifiers, where it gives them.
    ['pkg:deb/debian/openssl?arch=amd64', debian, 'yes'],
    ['pkg:deb/debian/openssl?arch=arm64', debian, 'no'],
    ['pkg:deb/debian/openssl?arch=amd64', 'pkg:deb/debian/openssl@3.0.1-1', 'unknown'],
    ['pkg:deb/debian/openssl?distro=debian-12&arch=amd64', debian, 'yes'],
    ['pkg:deb/debian/openssl?distro=debian-11', debian, 'no'],
    ['pkg:deb/debian/openssl?distro=bookworm', debian, 'unknown'],
    ['pkg:deb/debian/openssl?upstream=openssl', debian, 'unknown'],
    ['pkg:deb/debian/openssl?repository_url=example.org', debian, 'unknown'],
    ['pkg:rpm/fedora/vim@9.0-1.fc40', fedora, 'yes'],
    ['pkg:rpm/fedora/vim@9.0-1.fc40?epoch=2', fedora, 'yes'],
    ['pkg:rpm/fedora/vim@2:9.0-1.fc40', fedora, 'yes'],
    ['pkg:rpm/fedora/vim@9.0-1.fc40?epoch=1', fedora, 'no'],
    ['pkg:rpm/fedora/vim?epoch=0', 'pkg:rpm/fedora/vim@9.0-1.fc40', 'yes'],
    ['pkg:rpm/fedora/vim?epoch=1', 'pkg:rpm/fedora/vim@9.0-1.fc40', 'no'],
    // A part of a package, which no scanner tells of.
    ['pkg:golang/github.com/aws/smithy-go#middleware', 'pkg:golang/github.com/aws/smithy-go@v1.0.0', 'unknown'],
  ])('%s and %s: %s', (stated, of, match) => {
    expect(matchOf(read(stated), found(of))).toBe(match);
  });

  it.each([
    ['pkg:deb/debian/openssl', 'unknown'],
    ['pkg:pypi/openssl@3.0.1-1', 'unknown'],
    ['pkg:rpm/fedora/OpenSSL', 'unknown'],
    ['pkg:deb/debian/openssl@3.0.2-1', 'no'],
    ['pkg:deb/debian/zlib', 'no'],
  ])('%s and openssl 3.0.1-1 that nobody knows the type of: %s', (stated, match) => {
    expect(matchOf(read(stated), { ids: ['CVE-2026-1'], package: 'openssl', installed: '3.0.1-1' })).toBe(match);
  });

  it('never where the finding is about no package', () => {
    expect(matchOf(read('pkg:deb/debian/openssl'), { ids: ['DL3006'] })).toBe('no');
  });
});
