import type { ChangedFile } from './file-integrity.ts';

/** What a package database records of a file: the digest of its contents or, for a link, of its target. */
export interface RecordedFile {
  /** From the root, with a slash. */
  path: string;
  algorithm: 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';
  /** In hexadecimal. */
  digest: string;
  kind?: ChangedFile['kind'];
  /** With its version. */
  package: string;
  vendor?: string;
}

/** A package's `md5sums`, as dpkg and the builders of distroless images keep it. https://manpages.debian.org/dpkg.1 */
export function parseMd5sums(text: string, owner: string): RecordedFile[] {
  return text.split('\n').flatMap((line) => {
    const [, digest, path] = /^([0-9a-f]{32})[ \t]+[*]?(?:\.?\/)?(.+)$/.exec(line) ?? [];
    if (digest === undefined || path === undefined) return [];
    return [{ path: `/${path}`, algorithm: 'md5' as const, digest, ...configuration(`/${path}`), package: owner }];
  });
}

/** The files in apk's database: for each folder (`F:`) its files (`R:`) with their digests (`Z:`). https://wiki.alpinelinux.org/wiki/Apk_spec */
export function parseApkFiles(text: string): RecordedFile[] {
  const files: RecordedFile[] = [];
  let [name, version, folder, file] = ['', '', '', ''];
  for (const line of text.split('\n')) {
    const value = line.slice(2);
    if (line === '') [name, version, folder, file] = ['', '', '', ''];
    else if (line.startsWith('P:')) name = value;
    else if (line.startsWith('V:')) version = value;
    else if (line.startsWith('F:')) folder = value;
    else if (line.startsWith('R:')) file = value;
    else if (line.startsWith('Z:') && file !== '') {
      const path = `/${folder === '' ? '' : `${folder}/`}${file}`;
      const digest = Buffer.from(value.slice(2), 'base64').toString('hex');
      const algorithm = value.startsWith('Q2') ? 'sha256' : 'sha1';
      files.push({ path, algorithm, digest, ...configuration(path), package: `${name}-${version}` });
      file = '';
    }
  }
  return files;
}

/**
 * Files in `/etc` are configuration: apk treats them so, and Debian requires it of packages.
 * https://www.debian.org/doc/debian-policy/ch-files.html#configuration-files
 */
function configuration(path: string): Pick<RecordedFile, 'kind'> {
  return path.startsWith('/etc/') ? { kind: 'config' } : {};
}
