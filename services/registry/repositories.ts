import { isDeepStrictEqual } from 'node:util';
import {
  CreateRepositoryCommand,
  DescribeRepositoriesCommand,
  type ECRClient,
  InvalidParameterException,
  PutImageScanningConfigurationCommand,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  RepositoryAlreadyExistsException,
  RepositoryNotFoundException,
} from '@aws-sdk/client-ecr';
import { candidateDays } from '../../core/builds/candidate-expiry.ts';
import { mapConcurrently } from '../../core/concurrency.ts';
import { cacheOf, type Project, repositoriesOf } from '../../core/model/project.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { ecrClient } from './ecr-client.ts';

const lookupsAtOnce = 8;

interface ExistingRepository {
  name: string;
  /** The registry's host. */
  host: string;
}

/** The ECR repositories of each project. Projects are data, so their builds create the repositories, and not the stack. */
export function createRepositories(client: ECRClient, prefix: string) {
  /** The registry itself refuses to move a `build-` tag, for every caller; the floating tags may move. */
  const releaseTags = {
    imageTagMutability: 'MUTABLE_WITH_EXCLUSION' as const,
    imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD' as const, filter: 'build-*' }],
  };
  const scanOnPush = { imageScanningConfiguration: { scanOnPush: true } };

  async function ensureRelease(repositoryName: string): Promise<void> {
    try {
      await client.send(new CreateRepositoryCommand({ repositoryName, ...releaseTags }));
    } catch (error) {
      if (!(error instanceof RepositoryAlreadyExistsException)) throw error;
      await client.send(new PutImageTagMutabilityCommand({ repositoryName, ...releaseTags }));
    }
  }

  async function ensureCandidate(repositoryName: string): Promise<void> {
    try {
      await client.send(new CreateRepositoryCommand({ repositoryName, ...scanOnPush }));
    } catch (error) {
      if (!(error instanceof RepositoryAlreadyExistsException)) throw error;
      await client.send(new PutImageScanningConfigurationCommand({ repositoryName, ...scanOnPush }));
    }
    await expire(
      repositoryName,
      `A candidate is released within hours or never; keep it ${candidateDays} days for those who look into it`,
    );
  }

  async function ensureCache(repositoryName: string): Promise<void> {
    try {
      await client.send(new CreateRepositoryCommand({ repositoryName }));
    } catch (error) {
      if (!(error instanceof RepositoryAlreadyExistsException)) throw error;
    }
    await expire(repositoryName, 'The builds of an active project write its cache again and again');
  }

  async function expire(repositoryName: string, description: string): Promise<void> {
    await client.send(
      new PutLifecyclePolicyCommand({
        repositoryName,
        lifecyclePolicyText: JSON.stringify({
          rules: [
            {
              rulePriority: 1,
              description,
              selection: {
                tagStatus: 'any',
                countType: 'sinceImagePushed',
                countUnit: 'days',
                countNumber: candidateDays,
              },
              action: { type: 'expire' },
            },
          ],
        }),
      }),
    );
  }

  /** Whether both are there, with their settings. */
  async function areReady(release: string, candidate: string): Promise<boolean> {
    try {
      const { repositories = [] } = await client.send(
        new DescribeRepositoriesCommand({ repositoryNames: [release, candidate] }),
      );
      const settingsOf = (name: string) => repositories.find(({ repositoryName }) => repositoryName === name);
      const { imageTagMutability, imageTagMutabilityExclusionFilters } = settingsOf(release) ?? {};
      return (
        isDeepStrictEqual({ imageTagMutability, imageTagMutabilityExclusionFilters }, releaseTags) &&
        settingsOf(candidate)?.imageScanningConfiguration?.scanOnPush === true
      );
    } catch (error) {
      if (error instanceof RepositoryNotFoundException) return false;
      throw error;
    }
  }

  async function find(name: string): Promise<ExistingRepository | undefined> {
    try {
      const { repositories = [] } = await client.send(new DescribeRepositoriesCommand({ repositoryNames: [name] }));
      const [host] = repositories[0]?.repositoryUri?.split('/') ?? [];
      return host === undefined ? undefined : { name, host };
    } catch (error) {
      // ECR does not take every name that other registries have.
      if (error instanceof RepositoryNotFoundException || error instanceof InvalidParameterException) return undefined;
      throw error;
    }
  }

  return {
    /** Those of the repositories that exist. */
    async existing(names: readonly string[]): Promise<ExistingRepository[]> {
      const found = await mapConcurrently([...new Set(names)], lookupsAtOnce, find);
      return found.filter((repository) => repository !== undefined);
    },

    /** Creates missing repositories and corrects their settings; safe to repeat. Where nothing is missing, it is one call. */
    async ensure(project: Project): Promise<void> {
      const { release, candidate } = repositoriesOf(project, prefix);
      if (await areReady(release, candidate)) return;
      await Promise.all([ensureCandidate(candidate), ensureCache(cacheOf(candidate))]);
      // The last: where it is, the others have their rules for expiry.
      await ensureRelease(release);
    },
  };
}

export type Repositories = ReturnType<typeof createRepositories>;

export const openRepositories = once(() => createRepositories(ecrClient(), variable('REPOSITORY_PREFIX')));
