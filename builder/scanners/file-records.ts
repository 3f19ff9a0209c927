import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseDpkgStatus } from '../../core/packages/databases.ts';
import type { ChangedFile } from '../../core/scanners/file-integrity/file-integrity.ts';
import { parseApkFiles, parseMd5sums, type RecordedFile } from '../../core/scanners/file-integrity/recorded-files.ts';
import type { ImageRoot } from '../image-root.ts';
import { copyRpmDatabase } from '../packages/installed-packages.ts';
import { apkDatabases } from '../packages/package-files.ts';
import { readRpmHeaders } from '../packages/rpm-database.ts';
import type { RpmHeader } from '../packages/rpm-header.ts';
import { VerifyFailedError } from './verify.ts';

const largestRecord = 64 * 2 ** 20;
const mostRecords = 20_000;
/** Above what a desktop with everything has. */
const mostFiles = 1_000_000;
const dpkgInfo = 'var/lib/dpkg/info';
/** Where images have their packages that were put together without dpkg: a file for each. */
const dpkgParts = 'var/lib/dpkg/status.d';

/** https://github.com/rpm-software-management/rpm/blob/rpm-4.19.1-release/include/rpm/rpmtag.h */
const tags = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  states: 1029,
  modes: 1030,
  digests: 1035,
  links: 1036,
  flags: 1037,
  folderOf: 1116,
  names: 1117,
  folders: 1118,
  algorithm: 5011,
} as const;
/** https://github.com/rpm-software-management/rpm/blob/rpm-4.19.1-release/include/rpm/rpmfiles.h */
const kinds: readonly [bit: number, kind: NonNullable<ChangedFile['kind']>][] = [
  [1, 'config'],
  [2, 'documentation'],
  [64, 'ghost'],
  [128, 'licence'],
  [256, 'readme'],
];
const mayBeMissing = 8;
const fileType = 0o170000;
const algorithms: Readonly<Record<number, RecordedFile['algorithm']>> = {
  0: 'md5',
  1: 'md5',
  2: 'sha1',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
};

/** How the files of an image's packages should be, from the image's own database; nothing of the image runs. */
export function readFileRecords(
  manager: 'rpm' | 'dpkg' | 'apk',
  root: ImageRoot,
  { workspace }: { workspace: string },
): RecordedFile[] {
  if (manager === 'dpkg') return dpkgRecords(root);
  if (manager === 'apk') {
    const databases = apkDatabases.map((path) => root.text(path, largestRecord));
    return databases.flatMap((text) => notTooMany(parseApkFiles(text ?? '')));
  }
  const database = copyRpmDatabase(root, workspace);
  // The older forms are read by rpm alone.
  if (database?.name !== 'rpmdb.sqlite') return [];
  const records: RecordedFile[] = [];
  readRpmHeaders(join(database.folder, database.name), (header) => {
    for (const record of rpmRecords(header)) records.push(record);
    notTooMany(records);
  });
  return records;
}

/** @throws VerifyFailedError */
function notTooMany(records: RecordedFile[]): RecordedFile[] {
  if (records.length <= mostFiles) return records;
  throw new VerifyFailedError(`The image's package database has more than ${mostFiles} files.`);
}

/** Of packages as dpkg has them, and of those of images that were put together without it. */
function dpkgRecords(root: ImageRoot): RecordedFile[] {
  const records: RecordedFile[] = [];
  for (const folder of [dpkgInfo, dpkgParts]) {
    const names = root.list(folder, mostRecords).filter((name) => name.endsWith('.md5sums'));
    for (const name of names) {
      const owner = name.slice(0, -'.md5sums'.length);
      const status = folder === dpkgParts ? root.text(`${folder}/${owner}`, largestRecord) : undefined;
      const [found] = parseDpkgStatus(status ?? '');
      const shown = found ? `${found.name} ${found.version}` : owner.replace(/:.*$/, '');
      const text = root.text(`${folder}/${name}`, largestRecord) ?? '';
      for (const record of parseMd5sums(text, shown)) records.push(record);
      notTooMany(records);
    }
  }
  return records;
}

/**
 * The digests that are missing of packages with files: dpkg compares what it has, and finds no fault with the rest. Some images are made
 * smaller that way.
 */
export function dpkgGaps(root: ImageRoot): ChangedFile[] {
  const names = root.list(dpkgInfo, mostRecords);
  const there = new Set(names);
  const lists = names.filter((name) => name.endsWith('.list') && !there.has(name.replace(/list$/, 'md5sums')));
  const gaps: ChangedFile[] = [];
  for (const name of lists) {
    if (!bringsFiles(root.text(`${dpkgInfo}/${name}`, largestRecord) ?? '')) continue;
    const owner = name.slice(0, -'.list'.length);
    const path = `/${dpkgInfo}/${owner}.md5sums`;
    gaps.push({ path, problems: ['missing'], package: owner.replace(/:.*$/, '') });
  }
  const parts = root.list(dpkgParts, mostRecords);
  const recorded = new Set(parts.filter((name) => name.endsWith('.md5sums')).map((name) => name.slice(0, -8)));
  for (const name of parts) {
    if (name.endsWith('.md5sums') || recorded.has(name)) continue;
    gaps.push({ path: `/${dpkgParts}/${name}.md5sums`, problems: ['missing'], package: name });
  }
  return gaps;
}

/** Whether a package has more than folders, configuration and documents, of which there are no digests. */
function bringsFiles(list: string): boolean {
  const paths = list.split('\n');
  const folders = new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/'))));
  return paths.some(
    (path) =>
      path !== '/.' && /^\/(?!etc\/|usr\/share\/(?:doc|info|lintian|locale|man)\/)/.test(path) && !folders.has(path),
  );
}

function rpmRecords(header: RpmHeader): RecordedFile[] {
  const [folders, folderOf, names] = [
    header.texts(tags.folders),
    header.numbers(tags.folderOf),
    header.texts(tags.names),
  ];
  const [digests, links, modes] = [header.texts(tags.digests), header.texts(tags.links), header.numbers(tags.modes)];
  const [flags, states] = [header.numbers(tags.flags), header.numbers(tags.states)];
  const algorithm = algorithms[header.numbers(tags.algorithm)[0] ?? 0];
  if (algorithm === undefined) return [];
  const epoch = header.text(tags.epoch);
  const version = `${epoch === '' ? '' : `${epoch}:`}${header.text(tags.version)}-${header.text(tags.release)}`;
  const owner = `${header.text(tags.name)}-${version}`;
  const vendor = header.text(tags.vendor);
  return names.flatMap((name, at) => {
    const [flag = 0, state = 0, type = (modes[at] ?? 0) & fileType] = [flags[at], states[at]];
    const target = type === 0o120000 ? (links[at] ?? '') : undefined;
    const digest = target === undefined ? digests[at] : createHash(algorithm).update(target).digest('hex');
    // Of folders there is none, and what was left out at the installation is not there: `%_excludedocs`, languages.
    if (!digest || state !== 0 || (flag & mayBeMissing) !== 0) return [];
    const kind = kinds.find(([bit]) => (flag & bit) !== 0)?.[1];
    const path = `${folders[folderOf[at] ?? -1] ?? '/'}${name}`;
    return [{ path, algorithm, digest, kind, package: owner, vendor }];
  });
}
