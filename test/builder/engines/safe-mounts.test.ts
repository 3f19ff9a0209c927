import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refuseUnsafeMounts } from '../../../builder/engines/safe-mounts.ts';
import { DockerfileInvalidError } from '../../../builder/errors.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-mounts-'));
  await mkdir(join(folder, 'context', 'data'), { recursive: true });
  await writeFile(join(folder, 'context', 'data', 'file'), '');
  await symlink('/etc', join(folder, 'context', 'link'));
  await symlink('context', join(folder, 'reached-by-a-link'));
});
afterAll(() => rm(folder, { recursive: true }));

const refuse = (mount: string, context = 'context') =>
  refuseUnsafeMounts([`--mount=${mount}`], { context: join(folder, context), engine: 'an older engine' });

test.each([
  'type=secret,id=npmrc,required=true',
  'type=cache,target=/cache',
  'type=tmpfs,target=/tmp',
  'type=bind,target=/context',
  'type=bind,source=.,target=/context',
  'type=bind,source=data,target=/data',
  'type=bind,source=./data/,target=/data',
  'type=bind,source=/data/file,target=/file',
  'type=bind,source=not-there,target=/x',
])('an older engine may mount %s', async (mount) => {
  await expect(refuse(mount)).resolves.toBeUndefined();
  await expect(refuse(mount, 'reached-by-a-link')).resolves.toBeUndefined();
});

test.each([
  'type=bind,source=link,target=/x',
  'type=bind,source=link/,target=/x',
  'type=bind,source=link/passwd,target=/x',
  'type=bind,source=data/../link,target=/x',
  'type=bind,from=other,source=data,target=/x',
])('an older engine may not mount %s', async (mount) => {
  await expect(refuse(mount)).rejects.toBeInstanceOf(DockerfileInvalidError);
});
