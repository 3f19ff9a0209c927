import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dsse } from '@sigstore/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleOf, bundleType } from '../../../core/signing/bundle.ts';
import { payloadType, type StatementName, statementOn } from '../../../core/signing/statement.ts';
import { slipway } from '../slipway.ts';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const site = 'https://slipway.example.org';
const at = '2026-11-21T01:00:00.000Z';
const digestOf = (text: string | Buffer) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const image = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, layers: [] });
const digest = digestOf(image);

const predicates: Partial<Record<StatementName, object>> = {
  signature: {},
  provenance: {
    buildDefinition: {
      buildType: 'urn:slipway:build:v1',
      externalParameters: {
        project: 'demo/app:latest',
        source: { uri: 'git+https://git.example/demo/app.git', ref: 'refs/heads/main' },
        dockerfile: 'Dockerfile',
        context: '.',
      },
      internalParameters: { cause: { type: 'schedule', schedule: '\u001b[31m0 3 * * *' }, engine: 'buildkit' },
      resolvedDependencies: [{ uri: 'git+https://git.example/demo/app.git', digest: { gitCommit: 'a'.repeat(40) } }],
    },
    runDetails: { builder: { id: site }, metadata: { invocationId: `${site}/builds/b`, startedOn: at } },
  },
  vulnerabilities: {
    invocation: { uri: `${site}/builds/b`, event_id: 'b', 'builder.id': site },
    scanner: {
      uri: 'https://aws.amazon.com/ecr/',
      version: '',
      db: { uri: '', version: '' },
      result: { verdict: { outcome: 'pass', reasons: [], counts: { LOW: 2 } }, state: 'complete', findings: [] },
    },
    metadata: { scanStartedOn: at, scanFinishedOn: at },
  },
};

/** A registry that has one image and, beside it, what the key signed of it. */
function registryOf(names: StatementName[]): Server {
  const files = new Map<string, { text: string | Buffer; type: string }>();
  const manifests = names.map((name) => {
    const statement = statementOn(digest, name, predicates[name] ?? {});
    const signature = sign('sha256', dsse.preAuthEncoding(payloadType, statement), keys.privateKey);
    const bundle = bundleOf(statement, signature, keys.publicKey.export({ format: 'der', type: 'spki' }));
    files.set(`blobs/${digestOf(bundle)}`, { text: bundle, type: 'application/octet-stream' });
    const manifest = JSON.stringify({ layers: [{ mediaType: bundleType, digest: digestOf(bundle) }] });
    files.set(`manifests/${digestOf(manifest)}`, { text: manifest, type: manifestType });
    return { digest: digestOf(manifest), artifactType: bundleType };
  });
  for (const name of ['latest', digest]) files.set(`manifests/${name}`, { text: image, type: manifestType });
  const index = JSON.stringify({
    manifests: [...manifests, { digest: 'sha256:x', artifactType: 'application/other' }],
  });
  files.set(`referrers/${digest}`, { text: index, type: 'application/vnd.oci.image.index.v1+json' });
  return createServer((request, response) => {
    const file = files.get(request.url?.replace('/v2/demo/app/', '') ?? '');
    if (!file) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': file.type, 'docker-content-digest': digestOf(file.text) });
    response.end(request.method === 'HEAD' ? undefined : file.text);
  });
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-verify-'));
  await writeFile(join(folder, 'cosign.pub'), keys.publicKey.export({ format: 'pem', type: 'spki' }));
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  await writeFile(join(folder, 'other.pub'), other.export({ format: 'pem', type: 'spki' }));
  await writeFile(join(folder, 'text.pub'), 'no key');
});
afterAll(() => rm(folder, { recursive: true }));

async function verifying(names: StatementName[], key: string, options: string[] = [], path = 'demo/app:latest') {
  const server = registryOf(names).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return await slipway(['verify', `${host}/${path}`, '--key', join(folder, key), ...options]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const all: StatementName[] = ['signature', 'provenance', 'vulnerabilities'];

describe('slipway verify', () => {
  it('says what is proven of a release', async () => {
    const { code, out } = await verifying(all, 'cosign.pub');
    expect(code).toBe(0);
    expect(out).toContain(`/demo/app@${digest} is signed by this key.`);
    for (const fact of ['demo/app:latest', 'a'.repeat(40), site, `${site}/builds/b`, 'pass: 2 low'])
      expect(out).toContain(fact);
    expect(out).not.toContain('\u001b');
  });

  it('says it as JSON', async () => {
    const { code, out } = await verifying(all, 'cosign.pub', ['--json'], `demo/app@${digest}`);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ verified: true, proven: all, missing: [] });
  });

  it.each<[string, StatementName[], string]>([
    ['nothing signed beside it', [], 'cosign.pub'],
    ['the signature of another key', all, 'other.pub'],
    ['no provenance', ['signature', 'vulnerabilities'], 'cosign.pub'],
  ])('does not verify an image with %s', async (_what, names, key) => {
    const { code, out } = await verifying(names, key);
    expect([code, out]).toEqual([1, expect.stringMatching(/NOT proven to be a release.*not proven/s)]);
  });

  it.each([
    ['a key that is none', 'text.pub', 'demo/app:latest', /is not a public key as PEM/],
    ['a file that is not there', 'none.pub', 'demo/app:latest', /cannot be read/],
    ['an image that is not there', 'cosign.pub', 'demo/none:latest', /There is no image/],
  ])('says what is wrong with %s', async (_what, key, path, message) => {
    const { code, err } = await verifying(all, key, [], path);
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  });
});
