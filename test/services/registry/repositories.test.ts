import {
  type ECRClient,
  InvalidParameterException,
  type Repository,
  RepositoryAlreadyExistsException,
  RepositoryNotFoundException,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { createRepositories } from '../../../services/registry/repositories.ts';
import { sampleProject } from '../../core/sample-project.ts';

function ecr(refuse: (name: string) => Error | undefined = () => undefined, described: Repository[] = []) {
  const calls: { name: string; input: Record<string, unknown> }[] = [];
  const client = {
    async send(command: { constructor: { name: string }; input: Record<string, unknown> }) {
      const { name } = command.constructor;
      calls.push({ name, input: command.input });
      const error = refuse(name);
      if (error) throw error;
      return {
        repositories: [{ repositoryUri: `registry.example/${command.input.repositoryNames}` }, ...described],
      };
    },
  } as unknown as ECRClient;
  const of = (repository: string) =>
    calls.filter(({ input }) => input.repositoryName === repository).map(({ name }) => name.replace('Command', ''));
  return {
    client,
    calls,
    of,
    ensure: (project = sampleProject()) => createRepositories(client, 'slipway/').ensure(project),
  };
}

const gone = new RepositoryNotFoundException({ $metadata: {}, message: 'x' });

describe('the repositories of a project', () => {
  it('are made: releases whose build tags never move, candidates that are scanned and expire', async () => {
    const { calls, of, ensure } = ecr((name) => (name === 'DescribeRepositoriesCommand' ? gone : undefined));
    await ensure();
    expect(of('slipway/demo/app')).toEqual(['CreateRepository']);
    expect(calls.at(-1)?.input.repositoryName).toBe('slipway/demo/app');
    expect(of('slipway/candidate/demo/app')).toEqual(['CreateRepository', 'PutLifecyclePolicy']);
    expect(of('slipway/candidate/demo/app/cache')).toEqual(['CreateRepository', 'PutLifecyclePolicy']);
    expect(calls.map(({ input }) => input)).toContainEqual({
      repositoryName: 'slipway/demo/app',
      imageTagMutability: 'MUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'build-*' }],
    });
    const policy = calls.find(({ name }) => name === 'PutLifecyclePolicyCommand')?.input.lifecyclePolicyText;
    expect(JSON.parse(String(policy)).rules).toMatchObject([{ action: { type: 'expire' } }]);
  });

  it('that are there already are set right', async () => {
    const there = new RepositoryAlreadyExistsException({ $metadata: {}, message: 'x' });
    const { of, ensure } = ecr((name) => (name === 'CreateRepositoryCommand' ? there : undefined));
    await ensure();
    expect(of('slipway/demo/app')).toEqual(['CreateRepository', 'PutImageTagMutability']);
    expect(of('slipway/candidate/demo/app')).toEqual([
      'CreateRepository',
      'PutImageScanningConfiguration',
      'PutLifecyclePolicy',
    ]);
  });

  const release: Repository = {
    repositoryName: 'slipway/demo/app',
    imageTagMutability: 'MUTABLE_WITH_EXCLUSION',
    imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'build-*' }],
  };
  const candidate: Repository = {
    repositoryName: 'slipway/candidate/demo/app',
    imageScanningConfiguration: { scanOnPush: true },
  };
  it.each<[string, Repository[], isSetUp: boolean]>([
    ['are as they must be are left alone', [release, candidate], false],
    ['let build tags move are set right', [{ ...release, imageTagMutability: 'MUTABLE' }, candidate], true],
    ['are not scanned are set right', [release, { ...candidate, imageScanningConfiguration: {} }], true],
  ])('that %s', async (_, described, isSetUp) => {
    const { calls, ensure } = ecr(undefined, described);
    await ensure();
    expect(calls.length > 1).toBe(isSetUp);
  });

  it('are said to exist only where they do', async () => {
    const odd = new InvalidParameterException({ $metadata: {}, message: 'x' });
    const there = (error?: Error) =>
      createRepositories(ecr(() => error).client, 'slipway/').existing(['slipway/a', 'b']);
    expect(await there()).toEqual(['slipway/a', 'b'].map((name) => ({ name, host: 'registry.example' })));
    expect(await there(gone)).toEqual([]);
    expect(await there(odd)).toEqual([]);
    await expect(there(new Error('elsewhere'))).rejects.toThrow('elsewhere');
  });

  it('of the library are without its name', async () => {
    const { of, ensure } = ecr();
    await ensure(sampleProject('library/tool:1'));
    expect(of('slipway/tool')).toEqual(['CreateRepository']);
    expect(of('slipway/candidate/library/tool')).toContain('CreateRepository');
  });

  it('that ECR refuses are an error', async () => {
    await expect(ecr(() => new Error('LimitExceededException')).ensure()).rejects.toThrow('LimitExceeded');
  });
});
