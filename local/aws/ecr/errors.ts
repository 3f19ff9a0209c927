import type { PushRefusedError } from '../../registry/push-image.ts';
import { AwsError, type InputProblem } from '../service.ts';

export interface ImageId {
  imageDigest?: string | undefined;
  imageTag?: string | undefined;
}

export function invalidParameter(name: string, constraint: string): AwsError {
  return new AwsError(
    'InvalidParameterException',
    `Invalid parameter at '${name}' failed to satisfy constraint: '${constraint}'`,
  );
}

export function invalidInput({ member, missing, message }: InputProblem): AwsError {
  return invalidParameter(member, missing ? 'must not be null' : message.replace(/^Member must/, 'must'));
}

export function repositoryNotFound(name: string, registryId: string): AwsError {
  return new AwsError(
    'RepositoryNotFoundException',
    `The repository with name '${name}' does not exist in the registry with id '${registryId}'`,
  );
}

export function imageNotFound(image: ImageId, repository: string, registryId: string): AwsError {
  return new AwsError(
    'ImageNotFoundException',
    `The image with imageId ${shown(image)} does not exist within the repository with name '${repository}' in the registry with id '${registryId}'`,
  );
}

export function scanNotFound(image: ImageId, repository: string, registryId: string): AwsError {
  return new AwsError(
    'ScanNotFoundException',
    `Image scan does not exist for the image with '${shown(image)}' in the repository with name '${repository}' in the registry with id '${registryId}'`,
  );
}

export function layersNotFound(digest: string, repository: string, registryId: string): AwsError {
  return new AwsError(
    'LayersNotFoundException',
    `The layer with digest '${digest}' does not exist within the repository with name '${repository}' in the registry with id '${registryId}'`,
  );
}

const codeOfRefusal = {
  'digest-does-not-match': 'ImageDigestDoesNotMatchException',
  'layers-not-found': 'LayersNotFoundException',
  'images-not-found': 'ReferencedImagesNotFoundException',
  'tag-is-immutable': 'ImageTagAlreadyExistsException',
} as const satisfies Record<PushRefusedError['reason'], string>;

export function pushRefused({ reason, message }: PushRefusedError): AwsError {
  return new AwsError(codeOfRefusal[reason], message);
}

function shown({ imageDigest = 'null', imageTag = 'null' }: ImageId): string {
  return `{imageDigest:'${imageDigest}', imageTag:'${imageTag}'}`;
}
