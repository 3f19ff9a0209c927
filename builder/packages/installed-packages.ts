import { mkdtemp } from 'node:fs/promises';
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
export async function readContents(root: ImageRoot, input: Input): Promise<ReaderAnswer<'contents'>> {
  const programs = Object.fromEntries(await findPrograms(root, input.programs, input.path));
  try {
    return { programs, packages: await readPackages(root, input) };
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
async function readPackages(root: ImageRoot, { workspace, rpmPackages: known }: Input): Promise<PackageList> {
  const distribution = await readDistribution(root);
  const found =
    (await readDpkg(root)) ?? (await readApk(root)) ?? (await readRpm(root, { workspace, known, distribution }));
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

async function readDistribution(root: ImageRoot): Promise<Distribution | undefined> {
  const text =
    (await root.text('etc/os-release', limits.configuration)) ??
    (await root.text('usr/lib/os-release', limits.configuration));
  const release = text === undefined ? undefined : parseOsRelease(text);
  return release && wellFormedDistribution(release);
}

async function readDpkg(root: ImageRoot): Promise<Found | undefined> {
  const database = 'var/lib/dpkg';
  const status = (await databaseText(root, `${database}/status`)) ?? '';
  const parts = await texts(root, `${database}/status.d`, (name) => !name.endsWith('.md5sums'));
  const packages = [status, ...parts.map(({ text }) => text)].flatMap(parseDpkgStatus);
  if (packages.length === 0) return undefined;
  const architecture = mainArchitecture(packages) ?? 'all';
  const sources = [
    ...(await oneText(root, 'etc/apt/sources.list')),
    ...(await texts(root, 'etc/apt/sources.list.d', (name) => /\.(?:list|sources)$/.test(name))),
  ];
  const preferences = [
    ...(await oneText(root, 'etc/apt/preferences')),
    ...(await texts(root, 'etc/apt/preferences.d', (name) => /^[\w-]+(?:\.pref)?$/.test(name))),
  ];
  return {
    manager: 'dpkg',
    architecture,
    packages,
    pins: parseAptPins(preferences),
    repositories: parseAptSources(sources, architecture),
  };
}

async function readApk(root: ImageRoot): Promise<Found | undefined> {
  for (const path of apkDatabases) {
    const packages = parseApkInstalled((await databaseText(root, path)) ?? '');
    if (packages.length === 0) continue;
    const [architecture] = ((await root.text('etc/apk/arch', limits.configuration)) ?? '').trim().split('\n');
    const repositories = [
      ...(await oneText(root, 'etc/apk/repositories')),
      ...(await texts(root, 'etc/apk/repositories.d', (name) => name.endsWith('.list'))),
    ];
    return {
      manager: 'apk',
      architecture: architecture || (mainArchitecture(packages) ?? ''),
      packages,
      pins: parseApkPins((await root.text('etc/apk/world', limits.configuration)) ?? ''),
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

async function readRpm(root: ImageRoot, { workspace, known, distribution }: RpmSearch): Promise<Found | undefined> {
  const packages = await readRpmPackages(root, { workspace, known });
  if (packages === undefined) return undefined;
  const architecture = mainArchitecture(packages) ?? 'noarch';
  const release = distribution && releaseVersion(distribution, packages);
  const variables = {
    basearch: /^i[3-6]86$/.test(architecture) ? 'i386' : architecture,
    arch: architecture,
    ...(release === undefined ? {} : { releasever: release }),
    ...(await rpmVariables(root)),
  };
  const configuration = [...(await oneText(root, 'etc/dnf/dnf.conf')), ...(await oneText(root, 'etc/yum.conf'))];
  const locks = [
    ...(await oneText(root, 'etc/dnf/plugins/versionlock.list')),
    ...(await oneText(root, 'etc/yum/pluginconf.d/versionlock.list')),
  ];
  return {
    manager: 'rpm',
    architecture,
    packages,
    pins: parseRpmPins(textOf(configuration.slice(0, 1)), textOf(locks)),
    repositories: parseRpmRepositories(
      await texts(root, 'etc/yum.repos.d', (name) => name.endsWith('.repo')),
      variables,
    ),
  };
}

async function readRpmPackages(
  root: ImageRoot,
  { workspace, known }: Pick<RpmSearch, 'workspace' | 'known'>,
): Promise<InstalledPackage[] | undefined> {
  if (known) return rpmPackages(known);
  const found = await copyRpmDatabase(root, workspace);
  if (!found) return undefined;
  if (found.name !== 'rpmdb.sqlite') throw new OlderDatabaseError(found.folder);
  return rpmPackages(readRpmDatabase(join(found.folder, found.name)));
}

/** Copied, because even reading a database may write beside it. */
export async function copyRpmDatabase(
  root: ImageRoot,
  workspace: string,
): Promise<{ folder: string; name: string } | undefined> {
  for (const name of rpmDatabases) {
    for (const from of rpmFolders) {
      if (!(await root.has(`${from}/${name}`))) continue;
      const folder = await mkdtemp(join(workspace, 'rpm-'));
      if (!(await root.copy(`${from}/${name}`, join(folder, name), limits.rpmDatabase))) {
        throw new PackagesUnreadableError(`/${from}/${name} is larger than ${limits.rpmDatabase} bytes`);
      }
      // The last writes may be in the journal beside it.
      await root.copy(`${from}/${name}-wal`, join(folder, `${name}-wal`), limits.rpmDatabase);
      return { folder, name };
    }
  }
  return undefined;
}

async function rpmVariables(root: ImageRoot): Promise<Record<string, string>> {
  const files = [...(await texts(root, 'etc/yum/vars')), ...(await texts(root, 'etc/dnf/vars'))];
  return Object.fromEntries(
    files.map(({ path, text }) => [
      path.slice(path.lastIndexOf('/') + 1).toLowerCase(),
      text.split('\n')[0]?.trim() ?? '',
    ]),
  );
}

/** @throws PackagesUnreadableError where the database exists but is too large: reading only a part would give wrong results */
async function databaseText(root: ImageRoot, path: string): Promise<string | undefined> {
  const text = await root.text(path, limits.database);
  if (text === undefined && (await root.has(path))) {
    throw new PackagesUnreadableError(`/${path} is larger than ${limits.database} bytes`);
  }
  return text;
}

async function oneText(root: ImageRoot, path: string): Promise<ConfigurationFile[]> {
  const text = await root.text(path, limits.configuration);
  return text === undefined ? [] : [{ path, text }];
}

async function texts(
  root: ImageRoot,
  folder: string,
  isWanted: (name: string) => boolean = () => true,
): Promise<ConfigurationFile[]> {
  const names = (await root.list(folder, limits.files)).filter(isWanted);
  return (await Promise.all(names.map((name) => oneText(root, `${folder}/${name}`)))).flat();
}

function textOf(files: readonly ConfigurationFile[]): string {
  return files.map(({ text }) => text).join('\n');
}
