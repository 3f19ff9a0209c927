import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { optionalPathInCheckout, pathInCheckout } from '../../builder/checkout-path.ts';
import { DockerfileNotFoundError } from '../../builder/errors.ts';

let checkout: string;

beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), 'checkout-'));
  mkdirSync(join(checkout, 'folder'));
  writeFileSync(join(checkout, 'folder', 'Dockerfile'), 'FROM scratch\n');
  symlinkSync('folder/Dockerfile', join(checkout, 'inside'));
  symlinkSync('/etc/passwd', join(checkout, 'passwd'));
  symlinkSync('/etc', join(checkout, 'etc'));
  symlinkSync('loop', join(checkout, 'loop'));
});
afterAll(() => rmSync(checkout, { recursive: true }));

const file = { kind: 'file', name: 'Dockerfile' } as const;
const folder = { kind: 'folder', name: 'build context' } as const;

test('a file, a folder and a link to either are where they really are', async () => {
  const real = join(checkout, 'folder', 'Dockerfile');
  expect(await pathInCheckout(checkout, 'folder/Dockerfile', file)).toBe(real);
  expect(await pathInCheckout(checkout, 'inside', file)).toBe(real);
  expect(await pathInCheckout(checkout, './folder/', folder)).toBe(join(checkout, 'folder'));
});

test.each([
  ['that is not there', 'other', file, /"other" is not in the repository/],
  ['that lies outside', '../../../../../../etc/passwd', file, /leads out of the repository/],
  ['with an absolute path', '/etc/passwd', file, /not in the repository/],
  ['that is a link to a file outside', 'passwd', file, /leads out of the repository/],
  ['through a link to a folder outside', 'etc/passwd', file, /leads out of the repository/],
  ['that is a link to itself', 'loop', file, /not in the repository/],
  ['that is a folder', 'folder', file, /is not a file/],
  ['that no file can have as its name', 'a\0b', file, /not in the repository/],
  ['that is a context and not there', 'none', folder, /"none" is not in the repository/],
  ['that is a context outside', 'etc', folder, /leads out of the repository/],
  ['that is a context and a file', 'inside', folder, /is not a folder/],
])('a path %s is refused', async (_, path, wanted, message) => {
  const failure = await pathInCheckout(checkout, path, wanted).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(DockerfileNotFoundError);
  expect(String(failure)).toMatch(message);
});

test('a file that need not be there must be inside if it is there', async () => {
  expect(await optionalPathInCheckout(checkout, 'other', 'ignore file')).toBeUndefined();
  await expect(optionalPathInCheckout(checkout, 'passwd', 'ignore file')).rejects.toThrow(/ignore file .* leads out/);
});
