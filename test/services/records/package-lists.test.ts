import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { PackageList } from '../../../core/model/package-list.ts';
import { createPackageLists } from '../../../services/records/package-lists.ts';
import { createRepositoryCache } from '../../../services/records/package-repository-cache.ts';

/** By path: what was put there, and when. */
const objects = new Map<string, { body: Buffer; at: Date }>();
const puts: string[] = [];
const server = createServer(async (request, response) => {
  const path = new URL(request.url ?? '/', 'http://s3').pathname;
  if (request.method === 'PUT') {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    objects.set(path, { body: Buffer.concat(chunks), at: new Date() });
    puts.push(path);
    response.end();
    return;
  }
  const found = objects.get(path);
  if (found) response.writeHead(200, { 'last-modified': found.at.toUTCString() }).end(found.body);
  else response.writeHead(404).end('<Error><Code>NoSuchKey</Code><Message>no</Message></Error>');
});
let client: S3Client;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'k', secretAccessKey: 's' },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
});
afterAll(async () => {
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  objects.clear();
  puts.length = 0;
});

const list: PackageList = {
  version: 1,
  distribution: { id: 'debian', version: '12' },
  contents: {
    state: 'read',
    manager: 'dpkg',
    architecture: 'amd64',
    packages: [{ name: 'bash', version: '5.2-1', architecture: 'amd64' }],
    repositories: [],
  },
};
const place = '/records/builds/b1/packages.json';
const put = (text: string, at = new Date()) => void objects.set(place, { body: Buffer.from(text), at });

test('a build’s list is read as the builder wrote it, and is nothing where there is none', async () => {
  put(JSON.stringify(list));
  expect(await createPackageLists({ client, bucket: 'records' }).of('b1')).toEqual(list);
  expect(await createPackageLists({ client, bucket: 'records' }).of('b2')).toBeUndefined();
  expect(puts).toEqual([]);
});

test('the list of an image that is released for long is written anew before the bucket takes it', async () => {
  put(JSON.stringify(list), new Date(Date.now() - 30 * 86_400_000));
  expect(await createPackageLists({ client, bucket: 'records' }).of('b1')).toEqual(list);
  expect(puts).toEqual([place]);
  expect(objects.get(place)?.body.toString()).toBe(JSON.stringify(list));
});

test.each([
  '',
  '{',
  '{"version":2}',
  JSON.stringify({
    ...list,
    contents: { ...list.contents, packages: [{ name: 'a b', version: '1', architecture: 'x' }] },
  }),
  JSON.stringify({
    ...list,
    contents: { ...list.contents, repositories: [{ type: 'apk', url: 'file:///etc/passwd' }] },
  }),
])('a list that is none is an error of that build: %s', async (text) => {
  put(text);
  await expect(createPackageLists({ client, bucket: 'records' }).of('b1')).rejects.toThrow(
    expect.objectContaining({ name: 'InvalidInputError' }),
  );
});

test('what was read of a repository’s file is there for the next run', async () => {
  const cache = createRepositoryCache({ client, bucket: 'records' });
  const entry = { validator: { hash: 'abc' }, versions: new Map([['bash amd64', '5.2-1']]) };
  expect(await cache.get('https://deb.example.org/Packages.gz')).toBeUndefined();
  await cache.put('https://deb.example.org/Packages.gz', entry);
  expect(await cache.get('https://deb.example.org/Packages.gz')).toEqual(entry);
  expect(puts).toEqual([expect.stringMatching(/^\/records\/package-repositories\/[0-9a-f]{64}\.json\.gz$/)]);
});
