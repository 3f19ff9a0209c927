import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PackageRepository } from '../../../core/model/package-list.ts';
import { createPublicFetch } from '../../../services/http/public-fetch.ts';
import { createPackageRepositories } from '../../../services/packages/package-repositories.ts';
import {
  apkIndex,
  memoryCache,
  type PackageSite,
  packagesFile,
  putRpmRepository,
  putSuite,
  sha256,
  startPackageSite,
} from '../package-site.ts';

let site: PackageSite;
let cache: ReturnType<typeof memoryCache>;

beforeEach(async () => {
  site = await startPackageSite();
  cache = memoryCache();
});
afterEach(() => site[Symbol.asyncDispose]());

/** As a run has it: new, with the cache of the runs before it. */
const open = () => createPackageRepositories(createPublicFetch({ privateHosts: [site.host] }), cache);
const debian = (suite = 'stable', components = ['main']): PackageRepository => ({
  type: 'apt',
  url: `${site.url}/debian`,
  suite,
  components,
});
const offered = async (repository: PackageRepository, architecture = 'amd64', repositories = open()) =>
  (await repositories.available({ repository, architecture })).map(({ versions, isOffered }) => ({
    versions: Object.fromEntries(versions),
    isOffered,
  }));

/** Two files below as `xz` packs them: Node cannot. */
const packedByXz = {
  packages: Buffer.from(
    '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4ACGAFJdACgYSGbb2jCF/hbfymYNy2K7bWO6OtEaM4vbLHVyI05BMfr2xYVIXvGbIGn6Nc0E7XhQLA9YGcyp19wrRBnKSB3XSkl3i1yk7GjpsiY0GAYVGwAAAABTa6WBpoTDfAABbocBAAAAELHRSrHEZ/sCAAAAAARZWg==',
    'base64',
  ),
  primary: Buffer.from(
    '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4AIoANRdAB4Py4cR2M5mkQ+DHsr9ezPUf+m32+OsM/MJuuqHEpnEbreGdpgaau3/zYZo6ehBDbL16JxuD9TARnqSyFsVWn5VhXKaSQruc3fnQqz8pyVEwRFT2BGxtW4KPObi3GAUl8BvWguxQoDqlORenBd41F0lgsmsa/tW2klH4Tk1smacAfNQ8t96yN1TIZIoKaqfINuVL8ETlr8hjQBlJVrm475HVHkCM2Z2D4w7CuZLQAN/0eE0t7SKFU8/LZQUfkG9yqI0jWDMEzp26VhPAarK24Rmjow+APZXCn9I7OFBAAHwAakEAAAnGs3cscRn+wIAAAAABFla',
    'base64',
  ),
};

test.each([
  ['.gz', (text: string) => gzipSync(text)],
  ['.xz', () => packedByXz.packages],
  ['.zst', (text: string) => zstdCompressSync(text)],
  ['', (text: string) => Buffer.from(text)],
])('a Debian list is read as its Release names it: Packages%s', async (ending, pack) => {
  putSuite(site, '/debian/dists/stable', {
    [`main/binary-amd64/Packages${ending}`]: pack(packagesFile({ bash: '5.2-1', zlib1g: '1:1.2-1' })),
  });

  expect(await offered(debian())).toEqual([
    { versions: { 'bash amd64': '5.2-1', 'zlib1g amd64': '1:1.2-1' }, isOffered: 'always' },
  ]);
});

test('packages for every architecture are read from where the repository has them', async () => {
  const all = gzipSync(packagesFile({ tzdata: '2024b-1' }, 'all'));
  const lists = {
    'main/binary-amd64/Packages.gz': gzipSync(packagesFile({ bash: '5' })),
    'main/binary-all/Packages.gz': all,
  };
  putSuite(site, '/debian/dists/stable', lists, ['No-Support-for-Architecture-all: nothing']);
  const release = site.files
    .get('/debian/dists/stable/Release')
    ?.toString()
    .replace('No-Support-for-Architecture-all: Packages\n', '');
  site.files.set('/debian/dists/stable/Release', Buffer.from(release ?? ''));

  expect((await offered(debian())).map(({ versions }) => versions)).toEqual([
    { 'bash amd64': '5' },
    { 'tzdata all': '2024b-1' },
  ]);
});

test('backports are offered to what comes from there only, experimental ones to nobody', async () => {
  const list = { 'main/binary-amd64/Packages.gz': gzipSync(packagesFile({ bash: '6' })) };
  putSuite(site, '/debian/dists/backports', list, ['NotAutomatic: yes', 'ButAutomaticUpgrades: yes']);
  putSuite(site, '/debian/dists/experimental', list, ['NotAutomatic: yes']);

  expect((await offered(debian('backports')))[0]?.isOffered).toBe('upgrades');
  expect((await offered(debian('experimental')))[0]?.isOffered).toBe('never');
});

test('a list is requested by its hash where the repository has such names', async () => {
  const list = gzipSync(packagesFile({ bash: '5' }));
  putSuite(site, '/debian/dists/stable', { 'main/binary-amd64/Packages.gz': list }, ['Acquire-By-Hash: yes']);
  site.files.delete('/debian/dists/stable/main/binary-amd64/Packages.gz');
  site.files.set(`/debian/dists/stable/main/binary-amd64/by-hash/SHA256/${sha256(list)}`, list);

  expect(await offered(debian())).toHaveLength(1);
});

test('a list that has not the hash of its Release is not believed', async () => {
  putSuite(site, '/debian/dists/stable', { 'main/binary-amd64/Packages.gz': gzipSync(packagesFile({ bash: '5' })) });
  site.files.set('/debian/dists/stable/main/binary-amd64/Packages.gz', gzipSync(packagesFile({ bash: '99' })));

  await expect(offered(debian())).rejects.toThrow('does not have the hash');
  expect(cache.entries.size).toBe(0);
});

test('a flat repository, and a component that the suite does not have', async () => {
  putSuite(site, '/flat', { 'Packages.gz': gzipSync(packagesFile({ tool: '1' })) });
  putSuite(site, '/debian/dists/stable', {});

  expect(await offered({ type: 'apt', url: `${site.url}/flat`, suite: './', components: [] })).toMatchObject([
    { versions: { 'tool amd64': '1' } },
  ]);
  expect(await offered(debian('stable', ['contrib']))).toEqual([]);
});

test('an Alpine index', async () => {
  site.files.set('/alpine/v3.20/main/x86_64/APKINDEX.tar.gz', await apkIndex({ musl: '1.2.5-r1', nginx: '1.26.2-r0' }));

  expect(await offered({ type: 'apk', url: `${site.url}/alpine/v3.20/main` }, 'x86_64')).toEqual([
    { versions: { musl: '1.2.5-r1', nginx: '1.26.2-r0' }, isOffered: 'always' },
  ]);
});

test.each([
  ['gz', gzipSync],
  ['zst', zstdCompressSync],
  ['xz', () => packedByXz.primary],
] as const)('an RPM repository with primary.xml.%s', async (ending, pack) => {
  const versions = { bash: '5.1.8-9.el9', kernel: '2:5.14-1', 'perl-x': '1-1.module_el9+1+2' };
  putRpmRepository(site, '/baseos', versions, pack as typeof gzipSync, ending);

  expect(
    await offered({ type: 'rpm', id: 'baseos', urls: [`${site.url}/gone`, `${site.url}/baseos`] }, 'x86_64'),
  ).toEqual([{ versions: { 'bash x86_64': '5.1.8-9.el9', 'kernel x86_64': '2:5.14-1' }, isOffered: 'always' }]);
});

test('mirrors of a metalink are tried until one is what the metalink says', async () => {
  putRpmRepository(site, '/stale', { bash: '4-1' });
  putRpmRepository(site, '/good', { bash: '5-1' });
  const hash = sha256(site.files.get('/good/repodata/repomd.xml') ?? '');
  const urls = ['stale', 'good'].map((name) => `<url protocol="http">${site.url}/${name}/repodata/repomd.xml</url>`);
  site.files.set(
    '/metalink',
    Buffer.from(`<metalink><hash type="sha256">${hash}</hash><resources>${urls.join('')}</resources></metalink>`),
  );

  expect(await offered({ type: 'rpm-mirrors', id: 'fedora', url: `${site.url}/metalink` }, 'x86_64')).toMatchObject([
    { versions: { 'bash x86_64': '5-1' } },
  ]);
});

test('a repository is requested once in a run, and its lists only when they have changed', async () => {
  putSuite(site, '/debian/dists/stable', { 'main/binary-amd64/Packages.gz': gzipSync(packagesFile({ bash: '5' })) });
  site.files.set('/alpine/x86_64/APKINDEX.tar.gz', await apkIndex({ musl: '1-r0' }));
  const alpine: PackageRepository = { type: 'apk', url: `${site.url}/alpine` };
  const first = open();
  await Promise.all([1, 2, 3].flatMap(() => [offered(debian(), 'amd64', first), offered(alpine, 'x86_64', first)]));
  const asked = [
    '/alpine/x86_64/APKINDEX.tar.gz 200',
    '/debian/dists/stable/InRelease 404',
    '/debian/dists/stable/Release 200',
    '/debian/dists/stable/main/binary-amd64/Packages.gz 200',
  ];
  expect(site.answers.toSorted()).toEqual(asked);

  site.answers.length = 0;
  expect(await offered(debian())).toMatchObject([{ versions: { 'bash amd64': '5' } }]);
  expect(await offered(alpine, 'x86_64')).toMatchObject([{ versions: { musl: '1-r0' } }]);
  expect(site.answers.toSorted()).toEqual([
    '/alpine/x86_64/APKINDEX.tar.gz 304',
    '/debian/dists/stable/InRelease 404',
    '/debian/dists/stable/Release 200',
  ]);
});

test.each([
  ['is cut off', (list: Buffer) => list.subarray(0, list.length / 2)],
  ['is no archive', () => gzipSync('a page that says that the mirror has moved')],
  ['is a page', () => Buffer.from('<html>moved</html>')],
])('an index that %s is an error of the repository', async (_how, damage) => {
  const list = await apkIndex(Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`p${at}`, `${at}.1-r0`])));
  site.files.set('/alpine/x86_64/APKINDEX.tar.gz', damage(list));

  await expect(offered({ type: 'apk', url: `${site.url}/alpine` }, 'x86_64')).rejects.toThrow(
    expect.objectContaining({ name: 'UpstreamError' }),
  );
  expect(cache.entries.size).toBe(0);
});

test('a repository in a private network gets no request', async () => {
  const repositories = createPackageRepositories(createPublicFetch({ privateHosts: [] }), cache);

  await expect(offered(debian(), 'amd64', repositories)).rejects.toThrow('private');
  expect(site.answers).toEqual([]);
});
