import { readdirSync, statSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { ECRClient, PutAccountSettingCommand } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRegistry } from '../../../local/registry/registry.ts';
import { eventually } from '../../eventually.ts';
import { makeRole } from '../aws/role.ts';
import { imageType, indexType, manifestOf, sha256, tarOf } from './image-parts.ts';
import { createClient, type RegistryClient } from './registry-client.ts';
import { type RegistryMachine, startRegistryMachine } from './registry-machine.ts';

let machine: RegistryMachine;
let owner: RegistryClient;
let anonymous: RegistryClient;

beforeAll(async () => {
  machine = await startRegistryMachine();
  owner = createClient(machine.url, machine.owner);
  anonymous = createClient(machine.url, undefined);
});

afterAll(() => machine.stop());

const layer = Buffer.from('0123456789');
const config = Buffer.from('{}');

async function beginUpload(repository: string): Promise<string> {
  const answer = await owner.call('POST', `/v2/${repository}/blobs/uploads/`);
  expect(answer.status).toBe(202);
  return answer.headers.location ?? '';
}

/** What an operator does once in an account. */
async function allowMounts(): Promise<void> {
  const { account, url } = machine;
  const ecr = new ECRClient({ endpoint: `${url}/aws`, region: account.region, credentials: account.iam.ownerKeys() });
  await ecr.send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value: 'ENABLED' }));
}

function asRole(actions: string[]): RegistryClient {
  const { account, ecr } = machine;
  const role = makeRole(account, 'lambda.amazonaws.com', actions);
  const caller = account.iam.callerOf(account.iam.keysOf(role).accessKeyId);
  const getToken = ecr.operations?.GetAuthorizationToken;
  if (caller === undefined || getToken === undefined) throw new Error('There is no such role or call');
  const call = { requestId: '1', gone: new AbortController().signal };
  const answer = getToken.handle({} as never, caller, call) as {
    authorizationData: { authorizationToken: string }[];
  };
  return createClient(machine.url, `Basic ${answer.authorizationData[0]?.authorizationToken}`);
}

describe('who may do what', () => {
  test('everybody pulls, and only who is known pushes', async () => {
    const digest = await owner.pushImage('auth/app', 'one', [layer]);
    expect(await anonymous.call('GET', '/v2/auth/app/manifests/one')).toMatchObject({ status: 200 });
    expect(await anonymous.call('GET', `/v2/auth/app/blobs/${sha256(layer)}`)).toMatchObject({ body: layer });
    for (const [method, url] of [
      ['POST', '/v2/auth/app/blobs/uploads/'],
      ['PUT', '/v2/auth/app/manifests/two'],
      ['DELETE', `/v2/auth/app/manifests/${digest}`],
      ['GET', '/v2/'],
    ] as const) {
      const answer = await anonymous.call(method, url, { body: '' });
      expect(answer).toMatchObject({ status: 401, error: 'UNAUTHORIZED' });
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="http:\/\/localhost:\d+\/v2\/token",service=/);
    }
  });

  test('wrong credentials are refused, also for a pull', async () => {
    for (const authorization of ['Basic QVdTOng=', 'Bearer x', 'Basic', 'Digest x', 'Basic ////']) {
      const answer = await createClient(machine.url, authorization).call('GET', '/v2/auth/app/tags/list');
      expect(answer).toMatchObject({ status: 401, error: 'UNAUTHORIZED' });
    }
  });

  test('a token acts with the permissions of the role that it was given to', async () => {
    await owner.pushImage('auth/app', 'one', [layer]);
    const puller = asRole(['ecr:GetAuthorizationToken', 'ecr:BatchGetImage']);
    expect(await puller.call('GET', '/v2/')).toMatchObject({ status: 200 });
    expect(await puller.call('GET', '/v2/auth/app/manifests/one')).toMatchObject({ status: 200 });
    expect(await puller.call('POST', '/v2/auth/app/blobs/uploads/')).toMatchObject({
      status: 403,
      error: 'DENIED',
      message: expect.stringMatching(
        /^User: arn:aws:sts::123456789012:assumed-role\/\S+ is not authorized to perform: ecr:InitiateLayerUpload on resource: arn:aws:ecr:us-east-1:123456789012:repository\/auth\/app because no identity-based policy allows the ecr:InitiateLayerUpload action$/,
      ),
    });
  });

  test('every step of a push has an action of its own', async () => {
    await owner.pushImage('auth/steps', 'one', [layer]);
    const actions = ['ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload', 'ecr:PutImage'];
    const push = async (client: RegistryClient) => {
      const blob = await client.call('POST', '/v2/auth/steps/blobs/uploads/');
      if (blob.status !== 202) return blob;
      const patched = await client.call('PATCH', blob.headers.location ?? '', { body: layer });
      if (patched.status !== 202) return patched;
      const completed = await client.call('PUT', `${blob.headers.location}?digest=${sha256(layer)}`);
      return completed.status === 201
        ? client.putManifest('auth/steps', 'two', manifestOf(config, [layer]))
        : completed;
    };
    expect(await push(asRole(actions))).toMatchObject({ status: 201 });
    for (const missing of actions) {
      const answer = await push(asRole(actions.filter((action) => action !== missing)));
      expect(answer).toMatchObject({
        status: 403,
        message: expect.stringContaining(`no identity-based policy allows the ${missing} `),
      });
    }
  });

  test('a role cannot push to a repository that nobody made', async () => {
    expect(await asRole(['ecr:*']).call('POST', '/v2/auth/new/blobs/uploads/')).toMatchObject({
      status: 404,
      error: 'NAME_UNKNOWN',
      message: "The repository with name 'auth/new' does not exist in the registry with id '123456789012'",
    });
  });

  test('the token service gives a client what it logged in for', async () => {
    const { token } = JSON.parse((await owner.call('GET', '/v2/token?service=x')).body.toString());
    const bearer = createClient(machine.url, `Bearer ${token}`);
    expect(await bearer.call('POST', '/v2/auth/bearer/blobs/uploads/')).toMatchObject({ status: 202 });
    const guest = JSON.parse((await anonymous.call('GET', '/v2/token')).body.toString()).token;
    const visitor = createClient(machine.url, `Bearer ${guest}`);
    expect(await visitor.call('GET', '/v2/')).toMatchObject({ status: 200 });
    expect(await visitor.call('POST', '/v2/auth/bearer/blobs/uploads/')).toMatchObject({ status: 401 });
  });
});

describe('a layer', () => {
  test('in one request', async () => {
    const answer = await owner.pushBlob('blobs/one', layer);
    expect(answer).toMatchObject({ status: 201, headers: { location: `/v2/blobs/one/blobs/${sha256(layer)}` } });
  });

  test('of no bytes at all', async () => {
    const nothing = Buffer.alloc(0);
    expect(await owner.pushBlob('blobs/empty', nothing)).toMatchObject({ status: 201 });
    const answer = await owner.call('GET', `/v2/blobs/empty/blobs/${sha256(nothing)}`);
    expect(answer).toMatchObject({ status: 200, body: nothing });
  });

  test('with another digest than the client said is refused and gone', async () => {
    const location = await beginUpload('blobs/wrong');
    const answer = await owner.call('PUT', `${location}?digest=${sha256('other')}`, { body: layer });
    expect(answer).toMatchObject({ status: 400, error: 'DIGEST_INVALID' });
    expect(await owner.call('GET', location)).toMatchObject({ status: 404, error: 'BLOB_UPLOAD_UNKNOWN' });
    expect(await owner.call('HEAD', `/v2/blobs/wrong/blobs/${sha256(layer)}`)).toMatchObject({ status: 404 });
  });

  test('in chunks, each in its place', async () => {
    const location = await beginUpload('blobs/chunks');
    const patch = (range: string, body: Buffer) =>
      owner.call('PATCH', location, { headers: { 'content-range': range }, body });
    expect(await patch('0-3', layer.subarray(0, 4))).toMatchObject({
      status: 202,
      headers: { range: '0-3', location },
    });
    expect(await patch('6-9', layer.subarray(6))).toMatchObject({ status: 416, headers: { range: '0-3', location } });
    expect(await patch('0-3', layer.subarray(0, 4))).toMatchObject({ status: 416 });
    expect(await patch('4-9', layer.subarray(4, 6))).toMatchObject({ status: 400, error: 'SIZE_INVALID' });
    expect(await patch('x', layer)).toMatchObject({ status: 400, error: 'BLOB_UPLOAD_INVALID' });
    expect(await owner.call('GET', location)).toMatchObject({ status: 204, headers: { range: '0-3', location } });
    const last = { headers: { 'content-range': '4-9' }, body: layer.subarray(4) };
    expect(await owner.call('PUT', `${location}?digest=${sha256(layer)}`, last)).toMatchObject({ status: 201 });
    expect(await anonymous.call('GET', `/v2/blobs/chunks/blobs/${sha256(layer)}`)).toMatchObject({ body: layer });
  });

  test('goes on after a connection that broke, and after a restart', async () => {
    const location = await beginUpload('blobs/broken');
    const headers = { authorization: machine.owner, 'content-length': 10 };
    const sent = request(new URL(location, machine.url), { method: 'PATCH', headers, agent: false });
    sent.on('error', () => undefined);
    sent.write(layer.subarray(0, 5));
    const file = path.join(machine.dataFolder, 'registry', 'uploads', path.basename(location));
    await eventually(() => expect(statSync(file).size).toBe(5));
    sent.destroy();
    expect(await owner.call('GET', location)).toMatchObject({ status: 204, headers: { range: '0-4' } });
    await machine.restart();
    const rest = { headers: { 'content-range': '5-9' }, body: layer.subarray(5) };
    expect(await owner.call('PATCH', location, rest)).toMatchObject({ status: 202, headers: { range: '0-9' } });
    expect(await owner.call('PUT', `${location}?digest=${sha256(layer)}`)).toMatchObject({ status: 201 });
  });

  test('that is large is hashed while it comes, and goes on after a restart', async () => {
    const large = Buffer.alloc(80 * 2 ** 20, 'large');
    const half = 40 * 2 ** 20;
    const push = async (repository: string, meanwhile: () => Promise<void>, digest: string) => {
      const location = await beginUpload(repository);
      await owner.call('PATCH', location, { body: large.subarray(0, half) });
      await meanwhile();
      await owner.call('PATCH', location, { body: large.subarray(half) });
      return owner.call('PUT', `${location}?digest=${digest}`);
    };
    const nothing = () => Promise.resolve();
    expect(await push('blobs/wrong', nothing, sha256('other'))).toMatchObject({ status: 400, error: 'DIGEST_INVALID' });
    expect(await push('blobs/large', nothing, sha256(large))).toMatchObject({ status: 201 });
    expect(await push('blobs/again', machine.restart, sha256(large))).toMatchObject({ status: 201 });
  });

  test('can be given up', async () => {
    const location = await beginUpload('blobs/cancel');
    expect(await owner.call('DELETE', location)).toMatchObject({ status: 204 });
    expect(await owner.call('PATCH', location, { body: layer })).toMatchObject({
      status: 404,
      error: 'BLOB_UPLOAD_UNKNOWN',
    });
  });

  test('pushed by many at once is there once', async () => {
    const content = Buffer.alloc(1_000_000, 'x');
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => owner.pushBlob(`blobs/many${i % 2}`, content)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
    expect((await anonymous.call('GET', `/v2/blobs/many1/blobs/${sha256(content)}`)).body.equals(content)).toBe(true);
  });

  test('is mounted from a repository that the caller may pull from, otherwise uploaded', async () => {
    await owner.pushBlob('blobs/source', layer);
    await allowMounts();
    const mount = (client: RegistryClient, to: string, query: string) =>
      client.call('POST', `/v2/blobs/${to}/blobs/uploads/?mount=${sha256(layer)}${query}`);
    expect(await mount(owner, 'target', '&from=blobs/source')).toMatchObject({ status: 201 });
    expect(await anonymous.call('GET', `/v2/blobs/target/blobs/${sha256(layer)}`)).toMatchObject({ body: layer });
    expect(await mount(owner, 'target', '')).toMatchObject({ status: 202 });
    expect(await mount(owner, 'target', '&from=blobs/nowhere')).toMatchObject({ status: 202 });
    const blind = asRole(['ecr:InitiateLayerUpload']);
    expect(await mount(blind, 'target', '&from=blobs/source')).toMatchObject({ status: 202 });
  });

  test('is pulled in ranges', async () => {
    await owner.pushBlob('blobs/range', layer);
    const get = (range: string) =>
      anonymous.call('GET', `/v2/blobs/range/blobs/${sha256(layer)}`, { headers: { range } });
    expect(await get('bytes=2-4')).toMatchObject({
      status: 206,
      body: Buffer.from('234'),
      headers: { 'content-range': 'bytes 2-4/10' },
    });
    expect(await get('bytes=8-')).toMatchObject({ status: 206, body: Buffer.from('89') });
    expect(await get('bytes=-3')).toMatchObject({ status: 206, body: Buffer.from('789') });
    expect(await get('bytes=8-99')).toMatchObject({ status: 206, body: Buffer.from('89') });
    expect(await get('bytes=10-')).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */10' } });
    expect(await get('bytes=4-2')).toMatchObject({ status: 200 });
  });

  test('of a repository is no layer of another one', async () => {
    await owner.pushBlob('blobs/mine', layer);
    await owner.pushBlob('blobs/other', config);
    expect(await anonymous.call('GET', `/v2/blobs/other/blobs/${sha256(layer)}`)).toMatchObject({
      status: 404,
      error: 'BLOB_UNKNOWN',
    });
  });
});

describe('an image', () => {
  test('is what was pushed, by tag and by digest', async () => {
    const manifest = Buffer.from(`${manifestOf(config, [layer]).toString()}\n`);
    for (const blob of [config, layer]) await owner.pushBlob('images/a', blob);
    const pushed = await owner.putManifest('images/a', 'v1', manifest);
    expect(pushed).toMatchObject({ status: 201, headers: { 'docker-content-digest': sha256(manifest) } });
    for (const reference of ['v1', sha256(manifest)]) {
      const pulled = await anonymous.call('GET', `/v2/images/a/manifests/${reference}`);
      expect(pulled).toMatchObject({ status: 200, body: manifest, headers: { 'content-type': imageType } });
      const head = await anonymous.call('HEAD', `/v2/images/a/manifests/${reference}`);
      expect(head.headers).toMatchObject({
        'content-length': String(manifest.length),
        'docker-content-digest': sha256(manifest),
      });
    }
    expect(machine.events.at(-1)).toEqual({
      source: 'aws.ecr',
      'detail-type': 'ECR Image Action',
      resources: [],
      detail: {
        result: 'SUCCESS',
        'repository-name': 'images/a',
        'image-digest': sha256(manifest),
        'action-type': 'PUSH',
        'image-tag': 'v1',
      },
    });
  });

  test.each([
    ['that is not JSON', '{', imageType, 400, 'MANIFEST_INVALID'],
    ['of another type than it says', manifestOf(config, [layer]), indexType, 400, 'MANIFEST_INVALID'],
    ['of a type that nobody knows', '{}', 'application/json', 400, 'MANIFEST_INVALID'],
    ['without layers', JSON.stringify({ schemaVersion: 2, mediaType: imageType }), imageType, 400, 'MANIFEST_INVALID'],
    ['with layers that are not there', manifestOf(config, [Buffer.from('?')]), imageType, 400, 'MANIFEST_BLOB_UNKNOWN'],
    [
      'with a layer of another size',
      manifestOf(config, [layer]).toString().replace('"size":10', '"size":11'),
      imageType,
      400,
      'SIZE_INVALID',
    ],
    [
      'with images that are not there',
      JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: imageType, digest: sha256('?'), size: 1 }] }),
      indexType,
      400,
      'MANIFEST_BLOB_UNKNOWN',
    ],
    ['of more than 4 MiB', ' '.repeat(4 * 1024 * 1024 + 1), imageType, 413, 'MANIFEST_INVALID'],
  ])('%s is refused', async (_what, manifest, type, status, error) => {
    for (const blob of [config, layer]) await owner.pushBlob('images/bad', blob);
    expect(await owner.putManifest('images/bad', 'v1', manifest, type)).toMatchObject({ status, error });
  });

  test('by a wrong digest or tag is refused', async () => {
    for (const blob of [config, layer]) await owner.pushBlob('images/b', blob);
    const put = (reference: string) => owner.putManifest('images/b', reference, manifestOf(config, [layer]));
    expect(await put(sha256('other'))).toMatchObject({ status: 400, error: 'DIGEST_INVALID' });
    expect(await put('sha256:abc')).toMatchObject({ status: 400, error: 'DIGEST_INVALID' });
    expect(await put('a'.repeat(129))).toMatchObject({ status: 400, error: 'TAG_INVALID' });
  });

  test('keeps a tag that the repository does not let move, and moves the others', async () => {
    machine.account.database
      .prepare('insert into ecr_repository (name, created_at, mutability, exclusion_filters) values (?, 0, ?, ?)')
      .run('images/fixed', 'MUTABLE_WITH_EXCLUSION', '[{"filterType":"WILDCARD","filter":"build-*"}]');
    const digest = await owner.pushImage('images/fixed', 'build-1', [layer]);
    await owner.pushImage('images/fixed', 'latest', [layer]);
    await owner.pushBlob('images/fixed', Buffer.from('new'));
    const other = manifestOf(config, [Buffer.from('new')]);
    expect(await owner.putManifest('images/fixed', 'build-1', other)).toMatchObject({
      status: 400,
      error: 'TAG_INVALID',
      message:
        "The image tag 'build-1' already exists in the 'images/fixed' repository and cannot be overwritten because the tag is immutable.",
    });
    expect(await owner.putManifest('images/fixed', 'latest', other)).toMatchObject({ status: 201 });
    const kept = await anonymous.call('HEAD', '/v2/images/fixed/manifests/build-1');
    expect(kept.headers['docker-content-digest']).toBe(digest);
  });

  test('that an index lists cannot be deleted before it', async () => {
    const child = await owner.pushImage('images/index', 'child', [layer]);
    const manifests = [{ mediaType: imageType, digest: child, size: manifestOf(config, [layer]).length }];
    const index = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests });
    expect(await owner.putManifest('images/index', 'all', index, indexType)).toMatchObject({ status: 201 });
    expect(await owner.call('DELETE', `/v2/images/index/manifests/${child}`)).toMatchObject({
      status: 403,
      error: 'DENIED',
    });
    expect(await owner.call('DELETE', `/v2/images/index/manifests/${sha256(index)}`)).toMatchObject({ status: 202 });
    expect(await owner.call('DELETE', `/v2/images/index/manifests/${child}`)).toMatchObject({ status: 202 });
    expect(await anonymous.call('GET', '/v2/images/index/manifests/child')).toMatchObject({
      status: 404,
      error: 'MANIFEST_UNKNOWN',
    });
  });
});

describe('lists', () => {
  test('tags come in pages, in order', async () => {
    for (const tag of ['b', 'a', 'C', '10', '9']) await owner.pushImage('lists/tags', tag, [layer]);
    const all = ['10', '9', 'C', 'a', 'b'];
    const list = async (query: string) => {
      const answer = await anonymous.call('GET', `/v2/lists/tags/tags/list${query}`);
      return { ...JSON.parse(answer.body.toString()), link: answer.headers.link };
    };
    expect(await list('')).toEqual({ name: 'lists/tags', tags: all });
    expect(await list('?n=2')).toEqual({
      name: 'lists/tags',
      tags: ['10', '9'],
      link: '</v2/lists/tags/tags/list?n=2&last=9>; rel="next"',
    });
    expect(await list('?n=3&last=9')).toEqual({ name: 'lists/tags', tags: ['C', 'a', 'b'] });
    expect(await list('?n=0')).toEqual({ name: 'lists/tags', tags: [] });
    expect(await anonymous.call('GET', '/v2/lists/tags/tags/list?n=-1')).toMatchObject({ status: 400 });
  });

  test('the catalogue comes in pages', async () => {
    await owner.pushImage('lists/tags', 'z', [layer]);
    const first = await anonymous.call('GET', '/v2/_catalog?n=1');
    expect(first.headers.link).toMatch(/^<\/v2\/_catalog\?n=1&last=[^>]+>; rel="next"$/);
    const all = JSON.parse((await anonymous.call('GET', '/v2/_catalog')).body.toString());
    expect(all.repositories).toContain('lists/tags');
  });

  test('referrers are found by their subject, and by their type', async () => {
    const subject = await owner.pushImage('lists/ref', 'v1', [layer]);
    const refer = async (artifactType: string) => {
      const manifest = manifestOf(config, [], {
        artifactType,
        subject: { mediaType: imageType, digest: subject, size: 1 },
        annotations: { note: artifactType },
      });
      const answer = await owner.putManifest('lists/ref', sha256(manifest), manifest);
      expect(answer).toMatchObject({ status: 201, headers: { 'oci-subject': subject } });
      const described = { mediaType: imageType, digest: sha256(manifest), size: manifest.length };
      return { ...described, artifactType, annotations: { note: artifactType } };
    };
    const [sbom, signature] = [await refer('application/sbom'), await refer('application/signature')];
    const list = async (query: string) => {
      const answer = await anonymous.call('GET', `/v2/lists/ref/referrers/${subject}${query}`);
      return { applied: answer.headers['oci-filters-applied'], ...JSON.parse(answer.body.toString()) };
    };
    const { manifests } = await list('');
    expect(manifests).toHaveLength(2);
    expect(manifests).toEqual(expect.arrayContaining([sbom, signature]));
    const filtered = await list('?artifactType=application/sbom');
    expect(filtered).toMatchObject({ applied: 'artifactType', manifests: [sbom] });
    const none = await anonymous.call('GET', `/v2/lists/none/referrers/${subject}`);
    expect(none).toMatchObject({ status: 200, headers: { 'content-type': indexType } });
    expect(await anonymous.call('GET', '/v2/lists/ref/referrers/sha256:x')).toMatchObject({
      status: 400,
      error: 'DIGEST_INVALID',
    });
  });
});

test.each([
  ['GET', '/v2/UPPER/tags/list', 400, 'NAME_INVALID'],
  ['GET', '/v2/..%2f..%2fetc/manifests/latest', 400, 'NAME_INVALID'],
  ['GET', '/v2/%ff/tags/list', 400, 'NAME_INVALID'],
  ['GET', '/v2/none/manifests/latest', 404, 'NAME_UNKNOWN'],
  ['GET', '/v2/none/blobs/sha256:..%2f..%2faws.sqlite', 404, 'NAME_UNKNOWN'],
  ['GET', '/v2/nothing', 404, 'NAME_UNKNOWN'],
  ['POST', '/v2/_catalog', 405, 'UNSUPPORTED'],
])('%s %s is refused', async (method, url, status, error) => {
  expect(await anonymous.call(method, url)).toMatchObject({ status, error });
});

describe('garbage', () => {
  test('is what no image uses, after its grace; a layer that a client has just seen stays', async () => {
    const { database, dataFolder } = machine.account;
    const registry = openRegistry(database, dataFolder);
    const [used, unused, shared] = ['used', 'unused', 'shared'].map((name) => Buffer.from(name)) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    await owner.pushImage('garbage/a', 'v1', [used]);
    const doomed = await owner.pushImage('garbage/b', 'v1', [shared]);
    await owner.pushBlob('garbage/a', unused);
    const collected = async (grace: number) => (await registry.collectGarbage({ grace })).map(({ digest }) => digest);

    expect(await collected(60_000)).not.toContain(sha256(unused));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await collected(0)).toContain(sha256(unused));
    expect(await anonymous.call('HEAD', `/v2/garbage/a/blobs/${sha256(unused)}`)).toMatchObject({ status: 404 });
    expect(await anonymous.call('GET', `/v2/garbage/a/blobs/${sha256(used)}`)).toMatchObject({ body: used });

    await owner.call('DELETE', `/v2/garbage/b/manifests/${doomed}`);
    const upload = await beginUpload('garbage/b');
    expect(await collected(0)).not.toContain(sha256(shared));
    await owner.call('DELETE', upload);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await collected(0)).toContain(sha256(shared));
  });

  test('are uploads that nobody went on with', async () => {
    const registry = openRegistry(machine.account.database, machine.dataFolder);
    const location = await beginUpload('garbage/c');
    await registry.collectGarbage();
    expect(await owner.call('GET', location)).toMatchObject({ status: 204 });
    await registry.collectGarbage({ uploadGrace: -1 });
    expect(await owner.call('GET', location)).toMatchObject({ status: 404 });
    expect(readdirSync(path.join(machine.dataFolder, 'registry', 'uploads'))).toEqual([]);
  });
});

test('everything that was pushed is there after a restart', async () => {
  const layers = [tarOf([{ path: 'app', content: 'x' }])];
  const digest = await owner.pushImage('kept/app', 'v1', layers);
  await machine.restart();
  const pulled = await createClient(machine.url, undefined).call('GET', '/v2/kept/app/manifests/v1');
  expect(pulled.headers['docker-content-digest']).toBe(digest);
});
