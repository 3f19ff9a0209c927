import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRecordScanner } from '../../../local/scanner/record-scanner.ts';
import { tarOf } from '../registry/image-parts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway records '));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A layer of an image of Fedora whose table of packages is what the SQL makes. */
function layer(name: string, sql: string): string {
  const file = join(folder, `${name}.sqlite`);
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
  const tar = join(folder, `${name}.tar`);
  writeFileSync(
    tar,
    tarOf([
      { path: 'etc/os-release', content: 'ID=fedora\nVERSION_ID=43\n' },
      { path: 'var/lib/rpm/rpmdb.sqlite', content: readFileSync(file) },
    ]),
  );
  return tar;
}

const endless = (where: string) =>
  `create view Packages as with recursive n(i) as (select 1 union all select i + 1 from n) select i as blob from n ${where}`;

test('an image whose database never ends fails alone: the machine goes on, and the next image is scanned', async () => {
  // Long enough for an image that does no harm, also on a busy machine.
  const scanner = createRecordScanner(undefined, 6000);
  let ticks = 0;
  const clock = setInterval(() => (ticks += 1), 20);
  const scanning = scanner.scan([layer('endless', endless('where i < 0'))], 'distribution');
  await expect(scanning).rejects.toThrow('The scan took more than');
  clearInterval(clock);
  expect(ticks).toBeGreaterThan(10);
  const plain = layer('plain', 'create table Packages (blob)');
  expect((await scanner.scan([plain], 'distribution')).state).toBe('no-records');
  await scanner.stop();
});

test('rows without end are read up to more than any image has', async () => {
  const scanner = createRecordScanner(undefined);
  expect((await scanner.scan([layer('rows', endless(''))], 'distribution')).state).toBe('no-records');
  await scanner.stop();
});
