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

/** In bytes, and a number of mirrors. Debian 12's `main` has 12 MB packed. */
const limits = { description: 16 * 1024 * 1024, list: 256 * 1024 * 1024, mirrors: 3 } as const;
const timeouts = { description: 30_000, list: 180_000 } as const;
/** How many packages stay in memory, about 150 bytes each. With more, memory is cleared and lists are read from the cache again. */
const mostKept = 3_000_000;

const dpkgFields = { name: 'Package', architecture: 'Architecture', version: 'Version' };
const apkFields = { name: 'P', architecture: 'A', version: 'V' };

/** A repository for one architecture. */
export interface WantedRepository {
  repository: PackageRepository;
  architecture: string;
}

/**
 * Reads which packages repositories offer. Each file is requested once in the lifetime of the object, however many images use the
 * repository, and parsed again only if it has changed since the last run. Two things are checked: the certificate if the address is https,
 * and that each list has the hash that the repository's own description states. OpenPGP signatures are not checked: nothing is installed
 * from these lists, and a forger gains only a rebuild, in which the package manager checks the signatures itself.
 */
export function createPackageRepositories(fetch: PublicFetch, cache: RepositoryCache) {
  const files = new Map<string, Promise<ReadonlyMap<string, string>>>();
  const repositories = new Map<string, Promise<AvailablePackages[]>>();
  let kept = 0;

  /** A small file's text; undefined if there is no such file. */
  async function textAt(url: string): Promise<string | undefined> {
    const answer = await fetch(url, {
      maximumBytes: limits.description,
      timeoutMilliseconds: timeouts.description,
    });
    if (answer.status === 404 || answer.status === 410) {
      answer.discard();
      return undefined;
    }
    return (await succeeded(url, answer)).text();
  }

  interface ListFile {
    /** Identifies the list; its extension says how the list is compressed. */
    url: string;
    /** Where to fetch it, if not from `url`. */
    from?: string | undefined;
    manager: PackageManager;
    reader: () => PackageReader;
    /** From the repository's description; without it HTTP's own validators are used. */
    checksum?: { algorithm: string; hash: string };
  }

  /** Requested once per run; unpacked and parsed only if it has changed since the last run. */
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
      timeoutMilliseconds: timeouts.list,
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
    // The repository does not have the component for this architecture. apt goes on without it, too.
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
        // Try the next mirror: any one is enough.
        errors.push(error);
      }
    }
    throw errors[0] ?? new UpstreamError('The repository has no address.');
  }

  async function rpmAt(url: string, hashes: readonly string[]): Promise<AvailablePackages[]> {
    const text = await textAt(`${url}/repodata/repomd.xml`);
    if (text === undefined) throw new UpstreamError(`${url} has no repodata/repomd.xml.`);
    if (hashes.length > 0 && !hashes.includes(createHash('sha256').update(text).digest('hex'))) {
      throw new UpstreamError(`${url} does not have the hash that the metalink states.`);
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
    /** @throws UpstreamError if the repository cannot be reached or read; every call for it throws the same error */
    available(wanted: WantedRepository): Promise<AvailablePackages[]> {
      const key = JSON.stringify(wanted);
      const known = repositories.get(key);
      if (known) return known;
      makeRoom();
      const found = read(wanted);
      // Callers get the error from the promise itself; without this, an error before the first await would be unhandled.
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
