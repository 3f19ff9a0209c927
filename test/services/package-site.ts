import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { create } from 'tar';
import type { CachedVersions, RepositoryCache } from '../../services/records/package-repository-cache.ts';

export interface PackageSite extends AsyncDisposable {
  url: string;
  host: string;
  /** By path. */
  files: Map<string, Buffer>;
  /** `path status` of every answer. */
  answers: string[];
}

/** A web server with a distribution's repositories: files by their path, with the validators that HTTP has. */
export async function startPackageSite(): Promise<PackageSite> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://site').pathname;
    const file = site.files.get(path);
    const etag = file && `"${sha256(file).slice(0, 16)}"`;
    const status = file === undefined ? 404 : request.headers['if-none-match'] === etag ? 304 : 200;
    site.answers.push(`${path} ${status}`);
    response.writeHead(status, etag ? { etag } : {}).end(status === 200 ? file : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const site: PackageSite = {
    url: `http://${host}`,
    host,
    files: new Map(),
    answers: [],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return site;
}

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** `Packages` with these versions. */
export function packagesFile(versions: Record<string, string>, architecture = 'amd64'): string {
  return Object.entries(versions)
    .map(([name, version]) => `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\nDescription: it\n`)
    .join('\n');
}

/** Puts a suite of Debian's kind on the site; the lists belong to their paths from the suite's folder. */
export function putSuite(site: PackageSite, base: string, lists: Record<string, Buffer>, fields: string[] = []): void {
  const hashes = Object.entries(lists).map(([path, list]) => ` ${sha256(list)} ${list.length} ${path}`);
  const release = ['Origin: Test', 'No-Support-for-Architecture-all: Packages', ...fields, 'SHA256:', ...hashes, ''];
  site.files.set(`${base}/Release`, Buffer.from(release.join('\n')));
  for (const [path, list] of Object.entries(lists)) site.files.set(`${base}/${path}`, list);
}

/** An `APKINDEX.tar.gz` as Alpine's: a signature and an index, each packed by itself, the first without an archive's end. */
export async function apkIndex(versions: Record<string, string>): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'apk-index-'));
  try {
    const index = Object.entries(versions).map(([name, version]) => `C:x\nP:${name}\nV:${version}\nA:x86_64\n`);
    await writeFile(join(folder, 'APKINDEX'), index.join('\n'));
    await writeFile(join(folder, '.SIGN.RSA.key'), 'signature');
    const pack = (name: string) => create({ cwd: folder, sync: true, portable: true }, [name]).read() as Buffer;
    return Buffer.concat([gzipSync(pack('.SIGN.RSA.key').subarray(0, 1024)), gzipSync(pack('APKINDEX'))]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** `primary.xml` of the packages, and `repomd.xml` that names it. */
export function putRpmRepository(
  site: PackageSite,
  base: string,
  versions: Record<string, string>,
  pack = gzipSync,
  ending = 'gz',
): void {
  const packages = Object.entries(versions).map(([name, evr]) => {
    const [, epoch = '0', version, release] = /^(?:(\d+):)?(.*)-([^-]+)$/.exec(evr) ?? [];
    return `<package type="rpm"><name>${name}</name><arch>x86_64</arch><version epoch="${epoch}" ver="${version}" rel="${release}"/><description>a &lt;/package&gt; in text</description></package>`;
  });
  const primary = pack(
    Buffer.from(`<?xml version="1.0"?><metadata packages="${packages.length}">\n${packages.join('\n')}</metadata>`),
  );
  const href = `repodata/${sha256(primary)}-primary.xml.${ending}`;
  site.files.set(`${base}/${href}`, primary);
  site.files.set(
    `${base}/repodata/repomd.xml`,
    Buffer.from(
      `<repomd><data type="filelists"><location href="repodata/f.xml.gz"/></data><data type="primary">\n  <checksum type="sha256">${sha256(primary)}</checksum>\n  <location href="${href}"/>\n</data></repomd>`,
    ),
  );
}

export function memoryCache(): RepositoryCache & { entries: Map<string, CachedVersions> } {
  const entries = new Map<string, CachedVersions>();
  return {
    entries,
    get: async (url) => entries.get(url),
    put: async (url, entry) => void entries.set(url, entry),
  };
}
