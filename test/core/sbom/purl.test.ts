import { expect, it } from 'vitest';
import { packageNameOf, packageVersionOf, parsePurl } from '../../../core/sbom/purl.ts';
import { cpuTime } from '../../cpu-time.ts';

it.each([
  ['pkg:deb/debian/openssl@3.0.1-1?arch=amd64', 'openssl', '3.0.1-1'],
  ['pkg:deb/debian/vim@2%3A9.0-1', 'vim', '2:9.0-1'],
  ['pkg:rpm/fedora/curl@7.50.3-1.fc25?epoch=2', 'curl', '2:7.50.3-1.fc25'],
  ['pkg:rpm/fedora/curl@7.50.3-1.fc25?epoch=0', 'curl', '7.50.3-1.fc25'],
  ['pkg:apk/alpine/musl', 'musl', undefined],
  ['pkg:npm/%40angular/core@1.0', '@angular/core', '1.0'],
  ['pkg:npm/@angular/core', '@angular/core', undefined],
  ['pkg:golang/google.golang.org/genproto@v1#googleapis/api', 'google.golang.org/genproto', 'v1'],
  ['pkg:maven/org.apache.logging.log4j/log4j-core@2.4', 'org.apache.logging.log4j:log4j-core', '2.4'],
  ['pkg:pypi/requests', 'requests', undefined],
  ['PKG://PyPI/requests/', 'requests', undefined],
])('%s is the package %s in version %s', (text, name, version) => {
  const purl = parsePurl(text);
  expect(purl && [packageNameOf(purl), packageVersionOf(purl)]).toEqual([name, version]);
});

it.each(['', 'pkg:', 'pkg:deb', 'pkg:deb/', 'deb/debian/x', 'pkg:deb/%zz', 'pkg:/x', 'demo/app', 'pkg:1/x'])(
  '%j is no package URL',
  (text) => expect(parsePurl(text)).toBeUndefined(),
);

it('takes a hostile text in no time', () => {
  const began = cpuTime();
  parsePurl(`pkg:a/${'/@'.repeat(500_000)}?${'&='.repeat(500_000)}`);
  expect(cpuTime() - began).toBeLessThan(1000);
});
