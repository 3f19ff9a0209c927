import { describe, expect, it } from 'vitest';
import { sessionPolicy } from '../../../core/builds/session-policy.ts';
import { InvalidInputError } from '../../../core/model/errors.ts';

const places = {
  bucketArn: 'arn:aws:s3:::slipway-recordsbucket600c9c86-1a2b3c4d5e6f',
  repositoriesArn: 'arn:aws:ecr:eu-central-1:123456789012:repository/',
  repositoryPrefix: 'slipway/',
  pullThrough: [],
  secretsArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:slipway/build-secrets/',
};
const none = { bases: [], secrets: [] };
const build = { id: '00000000000000aa', project: 'demo/app:latest', ref: 'refs/heads/main' };
const resourcesOf = (text: string, action: string) =>
  (
    JSON.parse(text) as { Statement: { Effect: string; Action: string | string[]; Resource: string | string[] }[] }
  ).Statement.filter(({ Action }) => [Action].flat().includes(action)).flatMap(({ Resource }) => Resource);
const repository = (name: string) => `${places.repositoriesArn}${name}`;

describe('the policy of a build’s session', () => {
  it('has the build’s own objects, its candidates and their cache, and nothing else', () => {
    const policy = sessionPolicy(build, none, places);
    for (const action of ['s3:GetObject', 's3:PutObject'])
      expect(resourcesOf(policy, action)).toEqual([`${places.bucketArn}/builds/00000000000000aa/*`]);
    for (const action of ['ecr:PutImage', 'ecr:BatchGetImage'])
      expect(resourcesOf(policy, action)).toEqual([
        repository('slipway/candidate/demo/app'),
        repository('slipway/candidate/demo/app/cache'),
      ]);
    expect(resourcesOf(policy, 'ecr:GetAuthorizationToken')).toEqual(['*']);
    expect(policy).not.toMatch(/:\*"|"Deny"|NotResource/);
  });

  it('lets the build read the images that it is based on, and not write them', () => {
    const policy = sessionPolicy(build, { ...none, bases: ['slipway/demo/base'] }, places);
    expect(resourcesOf(policy, 'ecr:BatchGetImage')).toContain(repository('slipway/demo/base'));
    expect(resourcesOf(policy, 'ecr:PutImage')).not.toContain(repository('slipway/demo/base'));
  });

  it('lets the build read the secrets of its entry, and no others of its app-id', () => {
    const secrets = Array.from({ length: 8 }, (_, at) => `a-secret-with-a-long-name-${at}`);
    const policy = sessionPolicy(build, { bases: ['slipway/demo/base'], secrets }, places);
    expect(resourcesOf(policy, 'secretsmanager:GetSecretValue')).toEqual(
      secrets.map((name) => `${places.secretsArn}demo/${name}-??????`),
    );
  });

  it('lets the build pull through the account’s caches', () => {
    const policy = sessionPolicy(build, none, { ...places, pullThrough: ['docker-hub'] });
    expect(resourcesOf(policy, 'ecr:BatchImportUpstreamImage')).toEqual([repository('docker-hub/*')]);
  });

  it('keeps a build that is never released from the cache that releases are made of', () => {
    const policy = sessionPolicy({ ...build, ref: 'refs/pull/7/head' }, none, places);
    expect(policy).not.toContain('cache');
  });

  it('has room for a dozen bases, and says so where there are too many', () => {
    const bases = (count: number) => ({
      secrets: [],
      bases: Array.from({ length: count }, (_, at) => `slipway/some-team/some-image-${at}`),
    });
    expect(sessionPolicy(build, bases(12), places).length).toBeLessThanOrEqual(2048);
    expect(() => sessionPolicy(build, bases(40), places)).toThrow(InvalidInputError);
    expect(() => sessionPolicy(build, bases(40), places)).toThrow(/based on 40 images/);
  });
});
