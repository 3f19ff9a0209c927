import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { dsse } from '@sigstore/core';
import { describe, expect, it } from 'vitest';
import { bundleOf } from '../../../core/signing/bundle.ts';
import { payloadType, type StatementName, statementOn } from '../../../core/signing/statement.ts';
import { verify } from '../../../core/signing/verification.ts';

const digest = `sha256:${'d'.repeat(64)}`;
const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const others = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = ours.publicKey.export({ format: 'pem', type: 'spki' }).toString();

const provenanceAt = (startedOn: string) => ({
  buildDefinition: {
    buildType: 'urn:slipway:build:v1',
    externalParameters: {
      project: 'demo/app:latest',
      source: { uri: 'git+https://git.example/demo/app.git', ref: 'refs/heads/main' },
      dockerfile: 'Dockerfile',
      context: '.',
    },
    internalParameters: { cause: { type: 'schedule', schedule: '0 3 * * *' }, engine: 'buildkit' },
    resolvedDependencies: [],
  },
  runDetails: { builder: { id: 'https://slipway.example.org' }, metadata: { invocationId: 'b', startedOn } },
});
const scan = {
  invocation: {
    uri: 'https://slipway.example.org/builds/b',
    event_id: 'b',
    'builder.id': 'https://slipway.example.org',
  },
  scanner: {
    uri: 'https://aws.amazon.com/ecr/',
    version: '',
    db: { uri: '', version: '' },
    result: { verdict: { outcome: 'pass', reasons: [], counts: {} }, state: 'complete', findings: [] },
  },
  metadata: { scanStartedOn: '2026-11-21T01:00:00.000Z', scanFinishedOn: '2026-11-21T01:01:00.000Z' },
};

function signed(
  name: StatementName,
  predicate: object,
  { on = digest, by = ours }: { on?: string; by?: { privateKey: KeyObject; publicKey: KeyObject } } = {},
): unknown {
  const statement = statementOn(on, name, predicate);
  const signature = sign('sha256', dsse.preAuthEncoding(payloadType, statement), by.privateKey);
  const der = by.publicKey.export({ format: 'der', type: 'spki' });
  return JSON.parse(bundleOf(statement, signature, der).toString());
}

const [signature, provenance, vulnerabilities] = [
  signed('signature', {}),
  signed('provenance', provenanceAt('2026-11-21T01:00:00.000Z')),
  signed('vulnerabilities', scan),
];

describe('an image', () => {
  it('is verified by its signature, its provenance and its scan', () => {
    expect(verify(digest, [signature, provenance, vulnerabilities], pem)).toMatchObject({
      verified: true,
      proven: ['signature', 'provenance', 'vulnerabilities'],
      missing: [],
      provenance: { buildDefinition: { externalParameters: { project: 'demo/app:latest' } } },
      scan: { scanner: { result: { verdict: { outcome: 'pass' } } } },
      ignored: 0,
    });
  });

  it('may have signatures of others and anything else beside it', () => {
    const foreign = [signed('signature', {}, { by: others }), { some: 'thing' }, undefined];
    const { verified, ignored } = verify(digest, [...foreign, signature, provenance, vulnerabilities], pem);
    expect([verified, ignored]).toEqual([true, 3]);
  });

  it('that several builds made has the origin of the last one', () => {
    const later = signed('provenance', provenanceAt('2026-11-22T01:00:00.000Z'));
    for (const both of [
      [later, provenance],
      [provenance, later],
    ])
      expect(verify(digest, both, pem).provenance?.runDetails.metadata.startedOn).toBe('2026-11-22T01:00:00.000Z');
  });

  it.each<[string, unknown[], StatementName[]]>([
    ['nothing', [], ['signature', 'provenance', 'vulnerabilities']],
    ['no signature', [provenance, vulnerabilities], ['signature']],
    ['a signature alone', [signature], ['provenance', 'vulnerabilities']],
    [
      'the signature of another key',
      [signed('signature', {}, { by: others }), provenance, vulnerabilities],
      ['signature'],
    ],
    [
      'the signature of another image',
      [signed('signature', {}, { on: `sha256:${'e'.repeat(64)}` }), provenance, vulnerabilities],
      ['signature'],
    ],
    ['a provenance that says nothing', [signature, signed('provenance', {}), vulnerabilities], ['provenance']],
  ])('is not verified with %s', (_what, bundles, missing) => {
    expect(verify(digest, bundles, pem)).toMatchObject({ verified: false, missing });
  });
});
