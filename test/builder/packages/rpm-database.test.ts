import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRpmDatabase } from '../../../builder/packages/rpm-database.ts';
import { rpmPackages } from '../../../core/packages/databases.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rpm-database-'));
  file = join(folder, 'rpmdb.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A header as rpm writes it: texts, and the epoch as a number. */
function header(values: Record<number, string | number>): Buffer {
  const entries: Buffer[] = [];
  const data: Buffer[] = [Buffer.alloc(4)];
  for (const [tag, value] of Object.entries(values)) {
    const entry = Buffer.alloc(16);
    const offset = data.reduce((sum, { length }) => sum + length, 0);
    entry.writeUInt32BE(Number(tag), 0);
    entry.writeUInt32BE(typeof value === 'number' ? 4 : 6, 4);
    entry.writeUInt32BE(offset, 8);
    entry.writeUInt32BE(1, 12);
    entries.push(entry);
    if (typeof value === 'number') {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      data.push(bytes);
    } else data.push(Buffer.from(`${value}\0`));
  }
  const start = Buffer.alloc(8);
  start.writeUInt32BE(entries.length, 0);
  start.writeUInt32BE(
    data.reduce((sum, { length }) => sum + length, 0),
    4,
  );
  return Buffer.concat([start, ...entries, ...data]);
}

function write(...blobs: Buffer[]): void {
  const database = new DatabaseSync(file);
  database.exec('pragma journal_mode = wal; create table Packages (hnum integer primary key, blob blob not null)');
  for (const blob of blobs) database.prepare('insert into Packages (blob) values (?)').run(blob);
  database.close();
}

test('names, versions with their epoch, architectures and sources of an rpmdb.sqlite', () => {
  write(
    header({ 1000: 'bash', 1001: '5.1.8', 1002: '9.el9', 1022: 'x86_64', 1044: 'bash-5.1.8-9.el9.src.rpm' }),
    header({ 1000: 'libs', 1001: '1.0', 1002: '3', 1003: 2, 1022: 'noarch', 1044: 'hello-1.0-3.src.rpm' }),
    header({ 1000: 'gpg-pubkey', 1001: 'abc', 1002: 'def' }),
  );
  expect(rpmPackages(readRpmDatabase(file))).toEqual([
    { name: 'bash', version: '5.1.8-9.el9', architecture: 'x86_64' },
    { name: 'libs', version: '2:1.0-3', architecture: 'noarch', source: { name: 'hello', version: '2:1.0-3' } },
  ]);
});

test('headers that are cut off or made up are neither packages nor an error', () => {
  const good = header({ 1000: 'bash', 1001: '5', 1002: '1', 1022: 'x86_64' });
  const huge = Buffer.from(good);
  huge.writeUInt32BE(0xffffffff, 0);
  write(good, good.subarray(0, 6), good.subarray(0, 30), huge, Buffer.alloc(0));
  expect(readRpmDatabase(file).filter(({ name }) => name !== '')).toHaveLength(1);
});
