import type { Build } from '../model/build.ts';
import { isReleasable } from '../model/build.ts';
import { recordKeys } from '../model/builder-contract.ts';
import { InvalidInputError } from '../model/errors.ts';
import { cacheOf, repositoriesOf } from '../model/project.ts';
import { parseProjectName } from '../model/project-name.ts';
import { storedSecret } from './build-secrets.ts';

/** What a pull and a push need from ECR. https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html */
export const pullActions = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchCheckLayerAvailability'];
export const pushActions = [
  'ecr:InitiateLayerUpload',
  'ecr:UploadLayerPart',
  'ecr:CompleteLayerUpload',
  'ecr:PutImage',
];

/** A pull through a cache of the account. https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html */
export const pullThroughActions = [...pullActions, 'ecr:BatchImportUpstreamImage', 'ecr:CreateRepository'];

/** STS takes no longer policy. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const longestPolicy = 2048;

interface Places {
  /** The records bucket. */
  bucketArn: string;
  /** The ARN of a repository up to the repository's name. */
  repositoriesArn: string;
  repositoryPrefix: string;
  /** The prefixes under which the account's caches have images of other registries. */
  pullThrough: readonly string[];
  /** The ARN of a build secret up to the app-id. */
  secretsArn: string;
}

/**
 * The policy of a build's session. All builds share one role, which says what any build may do; this says with which objects and
 * repositories this build may do it. The session may do what both allow.
 * @param bases the release repositories of images that the build is based on
 * @param secrets the names of the build secrets that the entry has
 * @throws InvalidInputError where they are too many
 */
export function sessionPolicy(
  build: Pick<Build, 'id' | 'project' | 'ref'>,
  { bases, secrets }: { bases: readonly string[]; secrets: readonly string[] },
  { bucketArn, repositoriesArn, repositoryPrefix, pullThrough, secretsArn }: Places,
): string {
  const { candidate } = repositoriesOf(parseProjectName(build.project), repositoryPrefix);
  // Nothing that a pull request made may get into a release, also not through the cache.
  const own = isReleasable(build.ref) ? [candidate, cacheOf(candidate)] : [candidate];
  const arns = (repositories: readonly string[]) => repositories.map((name) => `${repositoriesArn}${name}`);
  const allow = (Action: string | string[], Resource: string | string[]) => ({ Effect: 'Allow', Action, Resource });
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      allow(['s3:GetObject', 's3:PutObject'], `${bucketArn}/${recordKeys.prefix(build.id)}*`),
      allow('ecr:GetAuthorizationToken', '*'),
      allow([...pullActions, ...pushActions], arns(own)),
      ...(bases.length > 0 ? [allow(pullActions, arns(bases))] : []),
      // AWS adds six random characters to the ARN of each secret.
      // https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
      ...(secrets.length > 0
        ? [
            allow(
              'secretsmanager:GetSecretValue',
              secrets.map((name) => `${storedSecret(build.project, name, secretsArn)}-??????`),
            ),
          ]
        : []),
      ...(pullThrough.length > 0 ? [allow(pullThroughActions, arns(pullThrough.map((name) => `${name}/*`)))] : []),
    ],
  });
  if (policy.length > longestPolicy)
    throw new InvalidInputError(
      `The build is based on ${bases.length} images of this pipeline${secrets.length > 0 ? ` and has ${secrets.length} secrets` : ''}, and AWS lets it have read access to fewer. Depend on fewer of them.`,
    );
  return policy;
}
