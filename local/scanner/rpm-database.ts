import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Package } from './package.ts';

/** https://github.com/rpm-software-management/rpm/blob/rpm-4.19.1-release/include/rpm/rpmtag.h */
const tags = { name: 1000, version: 1001, release: 1002, epoch: 1003, sourceRpm: 1044 } as const;
const int32Type = 4;
const stringType = 6;
const mostPackages = 50_000;

/**
 * The packages of an `rpmdb.sqlite`. SQLite reads files only, so it becomes one for a moment. What an image calls its table of packages
 * may be a view that never ends, so this runs only in the process of `record-worker.ts`, which has a time limit.
 */
export function readRpmDatabase(content: Buffer): Package[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-rpm-'));
  try {
    const file = path.join(folder, 'rpmdb.sqlite');
    writeFileSync(file, content);
    // A database in WAL mode cannot be opened for reading only where its companions are missing.
    const database = new DatabaseSync(file, { allowExtension: false });
    try {
      const rows = database.prepare(`select blob from Packages limit ${mostPackages}`).iterate();
      return [...rows].flatMap(({ blob }) => (blob instanceof Uint8Array ? packageOf(Buffer.from(blob)) : []));
    } finally {
      database.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * An RPM header: the number of entries, the length of the data, the entries (tag, type, offset, count), the data.
 * https://rpm-software-management.github.io/rpm/manual/format_header.html
 */
function packageOf(header: Buffer): Package[] {
  if (header.length < 8) return [];
  const count = header.readUInt32BE(0);
  const start = 8 + count * 16;
  if (start > header.length) return [];
  const data = header.subarray(start);
  const texts = new Map<number, string>();
  for (let at = 8; at < start; at += 16) {
    const [tag, type, offset] = [header.readUInt32BE(at), header.readUInt32BE(at + 4), header.readUInt32BE(at + 8)];
    if (type === stringType && offset < data.length) {
      const end = data.indexOf(0, offset);
      texts.set(tag, data.toString('utf8', offset, end === -1 ? data.length : end));
    } else if (type === int32Type && offset + 4 <= data.length) texts.set(tag, String(data.readUInt32BE(offset)));
  }
  const [name, version, release] = [texts.get(tags.name), texts.get(tags.version), texts.get(tags.release)];
  if (!name || !version || !release || name === 'gpg-pubkey') return [];
  const epoch = texts.get(tags.epoch) ?? '0';
  const full = `${epoch === '0' ? '' : `${epoch}:`}${version}-${release}`;
  const sourceName = /^(.+)-[^-]+-[^-]+\.(?:no)?src\.rpm$/.exec(texts.get(tags.sourceRpm) ?? '')?.[1];
  return [{ name, version: full, source: { name: sourceName ?? name, version: full } }];
}
