import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { exampleRecords } from '../../../local/demo/sources.ts';
import { type Installed, parseDpkgStatus } from '../../../local/scanner/installed-packages.ts';
import { ecosystemOf, matchRecords } from '../../../local/scanner/match-records.ts';
import { createOsvFolder } from '../../../local/scanner/osv-records.ts';

/** As dpkg writes the blocked example's package into its database. */
async function installed(id: string, version: string): Promise<Installed> {
  const control = await readFile('examples/legacy/package/DEBIAN/control', 'utf8');
  const status = `${control}Status: install ok installed\n`;
  return { distribution: { id, version }, manager: 'dpkg', packages: parseDpkgStatus(Buffer.from(status)) };
}

test.each([
  ['debian', '12'],
  ['debian', '13'],
  ['ubuntu', '24.04'],
])('the package of the blocked example has a critical finding on %s %s', async (id, version) => {
  const image = await installed(id, version);
  const ecosystem = ecosystemOf(image);
  const index = await createOsvFolder(exampleRecords)();
  expect(index.problems).toEqual([]);
  expect(ecosystem && matchRecords(image.packages, ecosystem, index)).toEqual([
    expect.objectContaining({ name: 'SLIPWAY-EXAMPLE-2026-1', severity: 'CRITICAL', fixedVersion: '1.0.1' }),
  ]);
});
