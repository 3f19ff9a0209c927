import {
  CreateRepositoryCommand,
  type ECRClient,
  PutImageScanningConfigurationCommand,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  RepositoryAlreadyExistsException,
} from '@aws-sdk/client-ecr';
import { type Project, repositoriesOf } from '../../core/model/project.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { ecrClient } from './ecr-client.ts';

const candidateDays = 14;

/** The two ECR repositories of each project. Projects are data, so the index creates their repositories and not the stack. */
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
    await client.send(
      new PutLifecyclePolicyCommand({
        repositoryName,
        lifecyclePolicyText: JSON.stringify({
          rules: [
            {
              rulePriority: 1,
              description: `A candidate is released within hours or never; keep it ${candidateDays} days for those who look into it`,
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

  return {
    /** Creates missing repositories and corrects their settings; safe to repeat. */
    async ensure(project: Project): Promise<void> {
      const { release, candidate } = repositoriesOf(project, prefix);
      await Promise.all([ensureRelease(release), ensureCandidate(candidate)]);
    },
  };
}

export type Repositories = ReturnType<typeof createRepositories>;

export const openRepositories = once(() => createRepositories(ecrClient(), variable('REPOSITORY_PREFIX')));
