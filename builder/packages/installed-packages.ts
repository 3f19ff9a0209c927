import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Distribution,
  type InstalledPackage,
  type PackageList,
  type PackageManager,
  type PackageRepository,
  wellFormedDistribution,
  wellFormedPackages,
  wellFormedRepositories,
} from '../../core/model/package-list.ts';
import {
  mainArchitecture,
  parseApkInstalled,
  parseDpkgStatus,
  parseOsRelease,
  type RpmPackage,
  rpmPackages,
} from '../../core/packages/databases.ts';
import {
  type ConfigurationFile,
  hold,
  parseApkPins,
  parseApkRepositories,
  parseAptPins,
  parseAptSources,
  parseRpmPins,
  parseRpmRepositories,
  releaseVersion,
} from '../../core/packages/repository-config.ts';
import type { ImageRoot } from '../image-root.ts';
import type { ReaderAnswer, TaskInput } from '../reader-tasks.ts';
import { apkDatabases, rpmDatabases, rpmFolders } from './package-files.ts';
import { findPrograms } from './programs.ts';
import { readRpmDatabase } from './rpm-database.ts';

/** Well above what distributions write: a full desktop's dpkg status has 10 MB. */
const limits = { database: 64 * 2 ** 20, rpmDatabase: 512 * 2 ** 20, configuration: 256 * 1024, files: 500 } as const;

/** The image's packages are in a form that the builder cannot read. */
class PackagesUnreadableError extends Error {
  override readonly name = 'PackagesUnreadableError';
}

/** Only `rpm` can read the image's database: it has one of the older forms. */
class OlderDatabaseError extends Error {
  override readonly name = 'OlderDatabaseError';
  /** With a copy of it. */
  readonly folder: string;

  constructor(folder: string) {
    super('The database can be read by rpm alone.');
    this.folder = folder;
  }
}

type Input = TaskInput<'contents'> & { workspace: string };

/** The packages in an image, and which of the named programs it has. */
export function readContents(root: ImageRoot, input: Input): ReaderAnswer<'contents'> {
  const programs = Object.fromEntries(findPrograms(root, input.programs, input.path));
  try {
    return { programs, packages: readPackages(root, input) };
  } catch (error) {
    if (error instanceof OlderDatabaseError) return { programs, olderDatabase: error.folder };
    if (!(error instanceof PackagesUnreadableError)) throw error;
    return { programs, packages: { version: 1, contents: { state: 'unreadable', reason: error.message } } };
  }
}

/**
 * The packages in an image and the origin of their updates, read from its files; nothing of the image runs.
 * @throws PackagesUnreadableError, OlderDatabaseError
 */
function readPackages(root: ImageRoot, { workspace, rpmPackages: known }: Input): PackageList {
  const distribution = readDistribution(root);
  const found = readDpkg(root) ?? readApk(root) ?? readRpm(root, { workspace, known, distribution });
  const contents: PackageList['contents'] =
    found === undefined
      ? { state: 'none' }
      : {
          state: 'read',
          manager: found.manager,
          architecture: found.architecture,
          packages: wellFormedPackages(hold(found.packages, found.pins)),
          repositories: wellFormedRepositories(found.repositories),
        };
  return { version: 1, distribution, contents };
}

interface Found {
  manager: PackageManager;
  architecture: string;
  packages: InstalledPackage[];
  /** Names and patterns of what stays as it is. */
  pins: string[];
  repositories: PackageRepository[];
}

function readDistribution(root: ImageRoot): Distribution | undefined {
  const text =
    root.text('etc/os-release', limits.configuration) ?? root.text('usr/lib/os-release', limits.configuration);
  const release = text === undefined ? undefined : parseOsRelease(text);
  return release && wellFormedDistribution(release);
}

function readDpkg(root: ImageRoot): Found | undefined {
  const database = 'var/lib/dpkg';
  const status = databaseText(root, `${database}/status`) ?? '';
  const parts = texts(root, `${database}/status.d`, (name) => !name.endsWith('.md5sums'));
  const packages = [status, ...parts.map(({ text }) => text)].flatMap(parseDpkgStatus);
  if (packages.length === 0) return undefined;
  const architecture = mainArchitecture(packages) ?? 'all';
  const sources = [
    ...oneText(root, 'etc/apt/sources.list'),
    ...texts(root, 'etc/apt/sources.list.d', (name) => /\.(?:list|sources)$/.test(name)),
  ];
  const preferences = [
    ...oneText(root, 'etc/apt/preferences'),
    ...texts(root, 'etc/apt/preferences.d', (name) => /^[\w-]+(?:\.pref)?$/.test(name)),
  ];
  return {
    manager: 'dpkg',
    architecture,
    packages,
    pins: parseAptPins(preferences),
    repositories: parseAptSources(sources, architecture),
  };
}

function readApk(root: ImageRoot): Found | undefined {
  for (const path of apkDatabases) {
    const packages = parseApkInstalled(databaseText(root, path) ?? '');
    if (packages.length === 0) continue;
    const [architecture] = (root.text('etc/apk/arch', limits.configuration) ?? '').trim().split('\n');
    const repositories = [
      ...oneText(root, 'etc/apk/repositories'),
      ...texts(root, 'etc/apk/repositories.d', (name) => name.endsWith('.list')),
    ];
    return {
      manager: 'apk',
      architecture: architecture || (mainArchitecture(packages) ?? ''),
      packages,
      pins: parseApkPins(root.text('etc/apk/world', limits.configuration) ?? ''),
      repositories: repositories.flatMap(({ text }) => parseApkRepositories(text)),
    };
  }
  return undefined;
}

interface RpmSearch {
  workspace: string;
  known: RpmPackage[] | undefined;
  distribution: Distribution | undefined;
}

function readRpm(root: ImageRoot, { workspace, known, distribution }: RpmSearch): Found | undefined {
  const packages = readRpmPackages(root, { workspace, known });
  if (packages === undefined) return undefined;
  const architecture = mainArchitecture(packages) ?? 'noarch';
  const release = distribution && releaseVersion(distribution, packages);
  const variables = {
    basearch: /^i[3-6]86$/.test(architecture) ? 'i386' : architecture,
    arch: architecture,
    ...(release === undefined ? {} : { releasever: release }),
    ...rpmVariables(root),
  };
  const configuration = [...oneText(root, 'etc/dnf/dnf.conf'), ...oneText(root, 'etc/yum.conf')];
  const locks = [
    ...oneText(root, 'etc/dnf/plugins/versionlock.list'),
    ...oneText(root, 'etc/yum/pluginconf.d/versionlock.list'),
  ];
  return {
    manager: 'rpm',
    architecture,
    packages,
    pins: parseRpmPins(textOf(configuration.slice(0, 1)), textOf(locks)),
    repositories: parseRpmRepositories(
      texts(root, 'etc/yum.repos.d', (name) => name.endsWith('.repo')),
      variables,
    ),
  };
}

function readRpmPackages(
  root: ImageRoot,
  { workspace, known }: Pick<RpmSearch, 'workspace' | 'known'>,
): InstalledPackage[] | undefined {
  if (known) return rpmPackages(known);
  const found = copyRpmDatabase(root, workspace);
  if (!found) return undefined;
  if (found.name !== 'rpmdb.sqlite') throw new OlderDatabaseError(found.folder);
  return rpmPackages(readRpmDatabase(join(found.folder, found.name)));
}

/** Copied, because even reading a database may write beside it. */
export function copyRpmDatabase(root: ImageRoot, workspace: string): { folder: string; name: string } | undefined {
  for (const name of rpmDatabases) {
    for (const from of rpmFolders) {
      if (!root.has(`${from}/${name}`)) continue;
      const folder = mkdtempSync(join(workspace, 'rpm-'));
      if (!root.copy(`${from}/${name}`, join(folder, name), limits.rpmDatabase)) {
        throw new PackagesUnreadableError(`/${from}/${name} is larger than ${limits.rpmDatabase} bytes`);
      }
      // The last writes may be in the journal beside it.
      root.copy(`${from}/${name}-wal`, join(folder, `${name}-wal`), limits.rpmDatabase);
      return { folder, name };
    }
  }
  return undefined;
}

function rpmVariables(root: ImageRoot): Record<string, string> {
  const files = [...texts(root, 'etc/yum/vars'), ...texts(root, 'etc/dnf/vars')];
  return Object.fromEntries(
    files.map(({ path, text }) => [
      path.slice(path.lastIndexOf('/') + 1).toLowerCase(),
      text.split('\n')[0]?.trim() ?? '',
    ]),
  );
}

/** @throws PackagesUnreadableError where the database exists but is too large: reading only a part would give wrong results */
function databaseText(root: ImageRoot, path: string): string | undefined {
  const text = root.text(path, limits.database);
  if (text === undefined && root.has(path)) {
    throw new PackagesUnreadableError(`/${path} is larger than ${limits.database} bytes`);
  }
  return text;
}

function oneText(root: ImageRoot, path: string): ConfigurationFile[] {
  const text = root.text(path, limits.configuration);
  return text === undefined ? [] : [{ path, text }];
}

function texts(root: ImageRoot, folder: string, isWanted: (name: string) => boolean = () => true): ConfigurationFile[] {
  const names = root.list(folder, limits.files).filter(isWanted);
  return names.flatMap((name) => oneText(root, `${folder}/${name}`));
}

function textOf(files: readonly ConfigurationFile[]): string {
  return files.map(({ text }) => text).join('\n');
}
