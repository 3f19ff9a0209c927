import { arnOf, type RegistryContext } from '../../registry/exchange.ts';
import type { StoredImage } from '../../registry/images.ts';
import type { Repository } from '../../registry/repositories.ts';
import type { Permission } from '../service.ts';
import { type ImageId, imageNotFound, repositoryNotFound } from './errors.ts';

/** The permission that a call on one repository needs. */
export function permissionsFor(context: RegistryContext, action: string) {
  return ({ repositoryName }: { repositoryName: string }): Permission[] => [
    { action: `ecr:${action}`, resource: arnOf(context.account, repositoryName) },
  ];
}

/** @throws AwsError RepositoryNotFoundException */
export function findRepository(
  { account, registry }: RegistryContext,
  { repositoryName, registryId = account.id }: { repositoryName: string; registryId?: string | undefined },
): Repository {
  const repository = registryId === account.id ? registry.repositories.find(repositoryName) : undefined;
  if (repository === undefined) throw repositoryNotFound(repositoryName, registryId);
  return repository;
}

/** @throws AwsError ImageNotFoundException, too when tag and digest name different images */
export function findImage({ account, registry }: RegistryContext, repository: string, id: ImageId): StoredImage {
  const { imageDigest, imageTag } = id;
  const image =
    imageTag === undefined
      ? registry.images.byDigest(repository, imageDigest ?? '')
      : registry.images.byTag(repository, imageTag);
  if (image === undefined || (imageDigest !== undefined && image.digest !== imageDigest)) {
    throw imageNotFound(id, repository, account.id);
  }
  return image;
}
