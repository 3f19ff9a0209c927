import { DatabaseSync } from 'node:sqlite';
import type { RpmPackage } from '../../core/packages/databases.ts';
import { RpmHeader } from './rpm-header.ts';

/** https://github.com/rpm-software-management/rpm/blob/rpm-4.19.1-release/include/rpm/rpmtag.h */
const tags = { name: 1000, version: 1001, release: 1002, epoch: 1003, architecture: 1022, sourceFile: 1044 } as const;
const mostPackages = 50_000;

/** The packages of an `rpmdb.sqlite`, as rpm has it since 4.16. The file is a copy: a database in WAL mode is not read without writing. */
export function readRpmDatabase(file: string): RpmPackage[] {
  return readRpmHeaders(file, (header) => ({
    name: header.text(tags.name),
    epoch: header.text(tags.epoch),
    version: header.text(tags.version),
    release: header.text(tags.release),
    architecture: header.text(tags.architecture),
    sourceFile: header.text(tags.sourceFile),
  }));
}

/** Reads each package from its header. The file is a copy, as above. */
export function readRpmHeaders<Value>(file: string, read: (header: RpmHeader) => Value): Value[] {
  const database = new DatabaseSync(file, { allowExtension: false });
  try {
    const rows = database.prepare(`select blob from Packages limit ${mostPackages}`).iterate();
    return [...rows].flatMap(({ blob }) =>
      blob instanceof Uint8Array ? [read(new RpmHeader(Buffer.from(blob)))] : [],
    );
  } finally {
    database.close();
  }
}
