import { createHash } from 'node:crypto';
import { UpstreamError } from '../../core/model/errors.ts';
import type { PackageManager, PackageRepository } from '../../core/model/package-list.ts';
import {
  type PackageReader,
  paragraphReader,
  parseMirrors,
  parseRelease,
  parseRepomd,
  primaryReader,
  type ReleaseFile,
} from '../../core/packages/repository-metadata.ts';
import type { AvailablePackages } from '../../core/packages/updates.ts';
import type { PublicFetch, PublicResponse } from '../http/public-fetch.ts';
import type { RepositoryCache, Validator } from '../records/package-repository-cache.ts';
import { readableEndings, readPackageFile } from './package-files.ts';

/** Debian 12's main has 12 MB packed. */
const limits = { description: 16 * 1024 * 1024, list: 256 * 1024 * 1024, mirrors: 3 } as const;
const patience = { description: 30_000, list: 180_000 } as const;
/** How many packages of repositories stay in memory, about 150 bytes each; with more, all are read from the cache again. */
const mostKept = 3_000_000;

const dpkgFields = { name: 'Package', architecture: 'Architecture', version: 'Version' };
const apkFields = { name: 'P', architecture: 'A', version: 'V' };

/** A repository for one architecture. */
export interface WantedRepository {
  repository: PackageRepository;
  architecture: string;
}

/**
 * What package repositories have to offer. Each file is asked for once in the lifetime of the object, however many images have the
 * repository, and read again only if it is another than last time. What is checked: the certificate where the address is https, and
 * that each list has the hash that the repository's own description says. OpenPGP signatures are not checked: nothing is installed
 * from what is read here, and what a forger gains is a rebuild, in which the package manager checks the signatures itself.
 */
export function createPackageRepositories(fetch: PublicFetch, cache: RepositoryCache) {
  const files = new Map<string, Promise<ReadonlyMap<string, string>>>();
  const repositories = new Map<string, Promise<AvailablePackages[]>>();
  let kept = 0;

  /** A small file's text; undefined where there is none. */
  async function textAt(url: string): Promise<string | undefined> {
    const answer = await fetch(url, {
      maximumBytes: limits.description,
      timeoutMilliseconds: patience.description,
    });
    if (answer.status === 404 || answer.status === 410) {
      answer.discard();
      return undefined;
    }
    return (await succeeded(url, answer)).text();
  }

  interface ListFile {
    /** Names the list, and says by its ending how it is packed. */
    url: string;
    /** Where it is fetched, if not there. */
    from?: string | undefined;
    manager: PackageManager;
    reader: () => PackageReader;
    /** Told by the repository's description; without it HTTP's own validators serve. */
    checksum?: { algorithm: string; hash: string };
  }

  /** Once per run; unpacked and read only if it is another than last time. */
  function listAt(file: ListFile): Promise<ReadonlyMap<string, string>> {
    const known = files.get(file.url);
    if (known) return known;
    const found = load(file).then((versions) => {
      kept += versions.size;
      return versions;
    });
    files.set(file.url, found);
    return found;
  }

  async function load({ url, from = url, manager, reader, checksum }: ListFile): Promise<ReadonlyMap<string, string>> {
    const cached = await cache.get(url);
    if (checksum && cached?.validator.hash === checksum.hash) return cached.versions;
    const { etag, lastModified } = cached?.validator ?? {};
    const answer = await fetch(from, {
      headers: checksum
        ? {}
        : {
            ...(etag === undefined ? {} : { 'if-none-match': etag }),
            ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
          },
      maximumBytes: limits.list,
      timeoutMilliseconds: patience.list,
    });
    if (answer.status === 304 && cached) {
      answer.discard();
      return cached.versions;
    }
    const { body, headers } = await succeeded(from, answer);
    const versions = await readPackageFile({
      path: new URL(url).pathname,
      body,
      manager,
      reader: reader(),
      checksum,
    });
    const validator: Validator = checksum
      ? { hash: checksum.hash }
      : { etag: headers.get('etag') ?? undefined, lastModified: headers.get('last-modified') ?? undefined };
    await cache.put(url, { validator, versions });
    return versions;
  }

  async function apt(
    repository: PackageRepository & { type: 'apt' },
    architecture: string,
  ): Promise<AvailablePackages[]> {
    const { url, suite, components } = repository;
    const isFlat = suite.endsWith('/');
    const base = isFlat ? `${url}/${suite}`.replace(/(?:\/\.?)*\/$/, '') : `${url}/dists/${suite}`;
    const text = (await textAt(`${base}/InRelease`)) ?? (await textAt(`${base}/Release`));
    if (text === undefined) throw new UpstreamError(`${base} has no Release file.`);
    const release = parseRelease(text);
    const lists = isFlat
      ? ['Packages']
      : components.flatMap((component) => [
          `${component}/binary-${architecture}/Packages`,
          ...(release.hasSeparateAll ? [`${component}/binary-all/Packages`] : []),
        ]);
    const found = await Promise.all(lists.map((list) => aptList(base, list, release)));
    return found.flatMap((versions) => (versions ? [{ versions, isOffered: release.isOffered }] : []));
  }

  async function aptList(
    base: string,
    list: string,
    release: ReleaseFile,
  ): Promise<ReadonlyMap<string, string> | undefined> {
    const path = readableEndings.map((ending) => `${list}${ending}`).find((name) => release.hashes.has(name));
    const hash = path === undefined ? undefined : release.hashes.get(path);
    // A component that the repository does not have for this architecture: apt goes on without it, too.
    if (path === undefined || hash === undefined) return undefined;
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    return listAt({
      url: `${base}/${path}`,
      from: release.hasHashNames ? `${base}/${folder}by-hash/SHA256/${hash}` : undefined,
      manager: 'dpkg',
      reader: () => paragraphReader(dpkgFields),
      checksum: { algorithm: 'sha256', hash },
    });
  }

  async function apk(url: string, architecture: string): Promise<AvailablePackages[]> {
    const list = `${url}/${encodeURIComponent(architecture)}/APKINDEX.tar.gz`;
    const versions = await listAt({ url: list, manager: 'apk', reader: () => paragraphReader(apkFields) });
    return [{ versions, isOffered: 'always' }];
  }

  async function rpm(urls: readonly string[], hashes: readonly string[] = []): Promise<AvailablePackages[]> {
    const errors: unknown[] = [];
    for (const url of urls.slice(0, limits.mirrors)) {
      try {
        return await rpmAt(url, hashes);
      } catch (error) {
        // Any of the addresses will do.
        errors.push(error);
      }
    }
    throw errors[0] ?? new UpstreamError('The repository has no address.');
  }

  async function rpmAt(url: string, hashes: readonly string[]): Promise<AvailablePackages[]> {
    const text = await textAt(`${url}/repodata/repomd.xml`);
    if (text === undefined) throw new UpstreamError(`${url} has no repodata/repomd.xml.`);
    if (hashes.length > 0 && !hashes.includes(createHash('sha256').update(text).digest('hex'))) {
      throw new UpstreamError(`${url} is not what the metalink says.`);
    }
    const primary = parseRepomd(text);
    if (!primary) throw new UpstreamError(`${url} names no list of packages.`);
    const { path, algorithm, hash } = primary;
    const list = new URL(path, `${url}/`);
    const versions = await listAt({
      url: list.href,
      manager: 'rpm',
      reader: primaryReader,
      checksum: { algorithm, hash },
    });
    return [{ versions, isOffered: 'always' }];
  }

  async function mirrored(url: string): Promise<AvailablePackages[]> {
    const text = await textAt(url);
    if (text === undefined) throw new UpstreamError(`There is no list of mirrors at ${url}.`);
    const { urls, hashes } = parseMirrors(text);
    return rpm(urls, hashes);
  }

  function read({ repository, architecture }: WantedRepository): Promise<AvailablePackages[]> {
    switch (repository.type) {
      case 'apt':
        return apt(repository, architecture);
      case 'apk':
        return apk(repository.url, architecture);
      case 'rpm':
        return rpm(repository.urls);
      case 'rpm-mirrors':
        return mirrored(repository.url);
    }
  }

  function makeRoom(): void {
    if (kept <= mostKept) return;
    kept = 0;
    files.clear();
    repositories.clear();
  }

  return {
    /** @throws UpstreamError where the repository cannot be reached or read, each time with the same error */
    available(wanted: WantedRepository): Promise<AvailablePackages[]> {
      const key = JSON.stringify(wanted);
      const known = repositories.get(key);
      if (known) return known;
      makeRoom();
      const found = read(wanted);
      // Who asks for it sees the error; nobody may ask again.
      found.catch(() => undefined);
      repositories.set(key, found);
      return found;
    },
  };
}

async function succeeded(url: string, answer: PublicResponse): Promise<PublicResponse> {
  if (answer.status === 200) return answer;
  answer.discard();
  throw new UpstreamError(`${url} answered ${answer.status}.`);
}

export type PackageRepositories = ReturnType<typeof createPackageRepositories>;
