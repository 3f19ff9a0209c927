import { z } from 'zod';
import { arnOf, type RegistryContext } from '../../registry/exchange.ts';
import {
  encryptionSchema,
  exclusionFiltersSchema,
  mutabilitySchema,
  type Repository,
  resourceTagsSchema,
} from '../../registry/repositories.ts';
import { type Account, AwsError, operation } from '../service.ts';
import { findRepository, permissionsFor } from './context.ts';
import { invalidParameter, repositoryNotFound } from './errors.ts';
import { inRepository, paging, readToken, registryId, repositoryName, seconds, writeToken } from './input.ts';

const mutability = {
  imageTagMutability: mutabilitySchema.optional(),
  imageTagMutabilityExclusionFilters: exclusionFiltersSchema.min(1).optional(),
};

/** The operations that make, describe and set up repositories. */
export function repositoryOperations(context: RegistryContext) {
  const { account, registry } = context;
  const { repositories, images } = registry;

  return {
    CreateRepository: operation({
      input: z.object({
        ...inRepository,
        ...mutability,
        tags: resourceTagsSchema.optional(),
        imageScanningConfiguration: z.object({ scanOnPush: z.boolean().default(false) }).optional(),
        encryptionConfiguration: encryptionSchema.optional(),
      }),
      permissions: (input) => [
        ...permissionsFor(context, 'CreateRepository')(input),
        ...(input.tags?.length ? permissionsFor(context, 'TagResource')(input) : []),
      ],
      handle(input) {
        if (repositories.find(input.repositoryName) !== undefined) {
          throw new AwsError(
            'RepositoryAlreadyExistsException',
            `The repository with name '${input.repositoryName}' already exists in the registry with id '${account.id}'`,
          );
        }
        const created = repositories.create(input.repositoryName, {
          ...mutabilityOf(input),
          scanOnPush: input.imageScanningConfiguration?.scanOnPush ?? false,
          encryption: encryptionOf(account, input.encryptionConfiguration),
          tags: checkedTags(input.tags ?? []),
        });
        return { repository: shown(account, created) };
      },
    }),

    DescribeRepositories: operation({
      input: z.object({
        registryId,
        ...paging,
        repositoryNames: z.array(repositoryName).min(1).max(100).optional(),
      }),
      permissions: ({ repositoryNames = ['*'] }) =>
        repositoryNames.map((name) => ({ action: 'ecr:DescribeRepositories', resource: arnOf(account, name) })),
      handle({ repositoryNames, nextToken, maxResults = 100, registryId = account.id }) {
        if (repositoryNames !== undefined) {
          const named = repositoryNames.map((name) => findRepository(context, { repositoryName: name, registryId }));
          return { repositories: named.map((repository) => shown(account, repository)) };
        }
        if (registryId !== account.id) return { repositories: [] };
        const found = repositories.page(nextToken === undefined ? '' : readToken(nextToken), maxResults + 1);
        const page = found.slice(0, maxResults);
        return {
          repositories: page.map((repository) => shown(account, repository)),
          nextToken: found.length > maxResults ? writeToken(page.at(-1)?.name ?? '') : undefined,
        };
      },
    }),

    DeleteRepository: operation({
      input: z.object({ ...inRepository, force: z.boolean().default(false) }),
      permissions: permissionsFor(context, 'DeleteRepository'),
      handle(input) {
        const repository = findRepository(context, input);
        if (!input.force && !images.isEmpty(repository.name)) {
          throw new AwsError(
            'RepositoryNotEmptyException',
            `The repository with name '${repository.name}' in registry with id '${account.id}' cannot be deleted because it still contains images`,
          );
        }
        repositories.remove(repository.name);
        // A repository that is created again under the name begins without the old one's policy.
        account.iam.setResourcePolicy(arnOf(account, repository.name), { Version: '2012-10-17', Statement: [] });
        return { repository: shown(account, repository) };
      },
    }),

    PutImageTagMutability: operation({
      input: z.object({ ...inRepository, ...mutability, imageTagMutability: mutabilitySchema }),
      permissions: permissionsFor(context, 'PutImageTagMutability'),
      handle(input) {
        const { name } = findRepository(context, input);
        const saved = repositories.update(name, mutabilityOf(input));
        return { registryId: account.id, repositoryName: name, ...shownMutability(saved) };
      },
    }),

    PutImageScanningConfiguration: operation({
      input: z.object({
        ...inRepository,
        imageScanningConfiguration: z.object({ scanOnPush: z.boolean().default(false) }),
      }),
      permissions: permissionsFor(context, 'PutImageScanningConfiguration'),
      handle(input) {
        const { name } = findRepository(context, input);
        const { scanOnPush } = repositories.update(name, input.imageScanningConfiguration);
        return { registryId: account.id, repositoryName: name, imageScanningConfiguration: { scanOnPush } };
      },
    }),

    ListTagsForResource: operation({
      input: z.object({ resourceArn: z.string() }),
      permissions: ({ resourceArn }) => [{ action: 'ecr:ListTagsForResource', resource: resourceArn }],
      handle: ({ resourceArn }) => ({ tags: byArn(context, resourceArn).tags }),
    }),

    TagResource: operation({
      input: z.object({ resourceArn: z.string(), tags: resourceTagsSchema }),
      permissions: ({ resourceArn }) => [{ action: 'ecr:TagResource', resource: resourceArn }],
      handle({ resourceArn, tags }) {
        const repository = byArn(context, resourceArn);
        const merged = new Map([...repository.tags, ...tags].map((tag) => [tag.Key, tag]));
        repositories.update(repository.name, { tags: checkedTags([...merged.values()]) });
        return {};
      },
    }),

    UntagResource: operation({
      input: z.object({ resourceArn: z.string(), tagKeys: z.array(z.string()) }),
      permissions: ({ resourceArn }) => [{ action: 'ecr:UntagResource', resource: resourceArn }],
      handle({ resourceArn, tagKeys }) {
        const repository = byArn(context, resourceArn);
        repositories.update(repository.name, { tags: repository.tags.filter((tag) => !tagKeys.includes(tag.Key)) });
        return {};
      },
    }),
  };
}

function byArn(context: RegistryContext, arn: string): Repository {
  const name = /^arn:aws:ecr:[^:]*:\d{12}:repository\/(.+)$/.exec(arn)?.[1];
  if (name === undefined) throw invalidParameter('resourceArn', `Invalid ARN`);
  const repository = arn === arnOf(context.account, name) ? context.registry.repositories.find(name) : undefined;
  if (repository === undefined) throw repositoryNotFound(name, context.account.id);
  return repository;
}

function mutabilityOf({
  imageTagMutability = 'MUTABLE',
  imageTagMutabilityExclusionFilters: filters,
}: {
  imageTagMutability?: Repository['mutability'] | undefined;
  imageTagMutabilityExclusionFilters?: Repository['exclusionFilters'] | undefined;
}): Pick<Repository, 'mutability' | 'exclusionFilters'> {
  const excludes = imageTagMutability.endsWith('_WITH_EXCLUSION');
  if (excludes !== (filters !== undefined)) {
    throw invalidParameter(
      'imageTagMutabilityExclusionFilters',
      `ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as ${imageTagMutability}`,
    );
  }
  return { mutability: imageTagMutability, exclusionFilters: filters ?? [] };
}

function encryptionOf(account: Account, requested: Repository['encryption'] | undefined): Repository['encryption'] {
  if (requested === undefined) return { encryptionType: 'AES256' };
  // With KMS and no key, ECR shows the key that AWS manages; on one machine nothing is encrypted.
  const managed = `arn:aws:kms:${account.region}:${account.id}:alias/aws/ecr`;
  return requested.encryptionType === 'AES256' ? requested : { kmsKey: managed, ...requested };
}

function checkedTags(tags: Repository['tags']): Repository['tags'] {
  if (tags.length > 50) throw new AwsError('TooManyTagsException', 'A resource can have at most 50 tags');
  if (new Set(tags.map((tag) => tag.Key)).size < tags.length) {
    throw new AwsError('InvalidTagParameterException', 'Tag keys must be unique');
  }
  return tags;
}

function shown(account: Account, repository: Repository) {
  const { host } = new URL(account.url);
  return {
    repositoryArn: arnOf(account, repository.name),
    registryId: account.id,
    repositoryName: repository.name,
    repositoryUri: `${host}/${repository.name}`,
    createdAt: seconds(repository.createdAt),
    ...shownMutability(repository),
    imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
    encryptionConfiguration: repository.encryption,
  };
}

function shownMutability({ mutability, exclusionFilters }: Repository) {
  return {
    imageTagMutability: mutability,
    imageTagMutabilityExclusionFilters: exclusionFilters.length > 0 ? exclusionFilters : undefined,
  };
}
