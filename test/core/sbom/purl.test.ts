import { expect, it } from 'vitest';
import { packageNameOf, packageVersionOf, parsePurl, purlOf, purlText } from '../../../core/sbom/purl.ts';
import { cpuTime } from '../../cpu-time.ts';

it.each([
  ['pkg:deb/debian/openssl@3.0.1-1?arch=amd64', 'openssl', '3.0.1-1'],
  ['pkg:deb/debian/vim@2%3A9.0-1', 'vim', '2:9.0-1'],
  ['pkg:rpm/fedora/curl@7.50.3-1.fc25?epoch=2', 'curl', '2:7.50.3-1.fc25'],
  ['pkg:rpm/fedora/curl@2:7.50.3-1.fc25', 'curl', '2:7.50.3-1.fc25'],
  ['pkg:rpm/fedora/curl@7.50.3-1.fc25?epoch=0', 'curl', '7.50.3-1.fc25'],
  ['pkg:apk/alpine/musl', 'musl', undefined],
  ['pkg:npm/%40angular/core@1.0', '@angular/core', '1.0'],
  ['pkg:npm/@angular/core', '@angular/core', undefined],
  ['pkg:golang/google.golang.org/genproto@v1.2.3#googleapis/api', 'google.golang.org/genproto', 'v1.2.3'],
  ['pkg:maven/org.apache.logging.log4j/log4j-core@2.4', 'org.apache.logging.log4j:log4j-core', '2.4'],
  ['pkg:pypi/requests', 'requests', undefined],
  ['PKG://PyPI/requests', 'requests', undefined],
])('%s is the package %s in version %s', (text, name, version) => {
  const purl = parsePurl(text);
  expect(purl && [packageNameOf(purl), packageVersionOf(purl)]).toEqual([name, version]);
});

it.each([
  // PyPI takes these for one name.
  ['pkg:pypi/Zope.Interface', 'pkg:pypi/zope-interface'],
  ['pkg:pypi/zope__interface@5.0', 'pkg:pypi/zope-interface@5.0'],
  ['pkg:PYPI/Flask_SQLAlchemy', 'pkg:pypi/flask-sqlalchemy'],
  ['pkg:deb/Debian/OpenSSL', 'pkg:deb/debian/openssl'],
  ['pkg:apk/Alpine/Musl', 'pkg:apk/alpine/musl'],
  ['pkg:github/Aws/Smithy-Go', 'pkg:github/aws/smithy-go'],
  ['pkg:bitbucket/Birkenfeld/Pygments', 'pkg:bitbucket/birkenfeld/pygments'],
  ['pkg:composer/Laravel/Framework', 'pkg:composer/laravel/framework'],
  ['pkg:oci/App', 'pkg:oci/app'],
  // The names of these say more with their letters' case.
  ['pkg:rpm/Fedora/ImageMagick', 'pkg:rpm/fedora/ImageMagick'],
  ['pkg:maven/Org/Name@1', 'pkg:maven/Org/Name@1'],
  ['pkg:golang/github.com/Azure/go-autorest', 'pkg:golang/github.com/Azure/go-autorest'],
  ['pkg:gem/RedCloth', 'pkg:gem/RedCloth'],
  ['pkg:deb/debian/x?Distro=debian-12&ARCH=amd64', 'pkg:deb/debian/x?arch=amd64&distro=debian-12'],
  ['pkg:deb/debian/x?arch=', 'pkg:deb/debian/x'],
  // A plus sign is no blank, wherever it is.
  ['pkg:deb/debian/g++@1+b1?upstream=gcc@12+deb', 'pkg:deb/debian/g%2B%2B@1+b1?upstream=gcc%4012%2Bdeb'],
  ['pkg:generic/x?vcs_url=git%2Bhttps://host/x', 'pkg:generic/x?vcs_url=git%2Bhttps%3A%2F%2Fhost%2Fx'],
])('%s is the same as %s', (text, canonical) => {
  const purl = parsePurl(text);
  expect(purl && purlText(purl)).toBe(canonical);
});

it.each([
  '',
  'pkg:',
  'pkg:deb',
  'pkg:deb/',
  'deb/debian/x',
  'pkg:deb/%zz',
  'pkg:/x',
  'pkg:deb/debian/@1.0',
  'pkg:npm/%401.0',
  'demo/app',
  'pkg:1/x',
  'pkg://user@host/debian/x',
  'pkg:maven/without-group',
  'pkg:oci/namespace/app',
  'pkg:deb/debian/x%0Ay',
  'pkg:deb/debian/x%00',
  'pkg:deb/debian/%E2%80%AEx',
  'pkg:deb/debian/x?arch=%E2%80%AE',
])('%j is not a package URL', (text) => expect(parsePurl(text)).toBeUndefined());

it.each([[{ type: 'maven', name: 'x' }], [{ type: '', name: 'x' }], [{ type: 'deb', name: '' }]])(
  '%j are no parts of a package URL',
  (parts) => expect(purlOf(parts)).toBeUndefined(),
);

it('takes a hostile text in no time', () => {
  const began = cpuTime();
  parsePurl(`pkg:a/${'/@'.repeat(500_000)}?${'&='.repeat(500_000)}`);
  expect(cpuTime() - began).toBeLessThan(1000);
});
