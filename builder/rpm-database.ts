import { DatabaseSync } from 'node:sqlite';
import type { RpmPackage } from '../core/package-databases.ts';

/** https://github.com/rpm-software-management/rpm/blob/rpm-4.19.1-release/include/rpm/rpmtag.h */
const tags = { name: 1000, version: 1001, release: 1002, epoch: 1003, architecture: 1022, sourceFile: 1044 } as const;
const int32Type = 4;
const stringType = 6;
const mostPackages = 50_000;

/** The packages of an `rpmdb.sqlite`, as rpm has it since 4.16. The file is a copy: a database in WAL mode is not read without writing. */
export function readRpmDatabase(file: string): RpmPackage[] {
  const database = new DatabaseSync(file, { allowExtension: false });
  try {
    const rows = database.prepare(`select blob from Packages limit ${mostPackages}`).iterate();
    return [...rows].flatMap(({ blob }) => (blob instanceof Uint8Array ? packageOf(Buffer.from(blob)) : []));
  } finally {
    database.close();
  }
}

/**
 * An RPM header: the number of entries, the length of the data, the entries (tag, type, offset, count), the data.
 * https://rpm-software-management.github.io/rpm/manual/format_header.html
 */
function packageOf(header: Buffer): RpmPackage[] {
  if (header.length < 8) return [];
  const start = 8 + header.readUInt32BE(0) * 16;
  if (start > header.length) return [];
  const data = header.subarray(start);
  const values = new Map<number, string>();
  for (let at = 8; at < start; at += 16) {
    const [tag, type, offset] = [header.readUInt32BE(at), header.readUInt32BE(at + 4), header.readUInt32BE(at + 8)];
    if (type === stringType && offset < data.length) {
      const end = data.indexOf(0, offset);
      values.set(tag, data.toString('utf8', offset, end === -1 ? data.length : end));
    } else if (type === int32Type && offset + 4 <= data.length) values.set(tag, String(data.readUInt32BE(offset)));
  }
  const value = (name: keyof typeof tags) => values.get(tags[name]) ?? '';
  return [
    {
      name: value('name'),
      epoch: value('epoch'),
      version: value('version'),
      release: value('release'),
      architecture: value('architecture'),
      sourceFile: value('sourceFile'),
    },
  ];
}
