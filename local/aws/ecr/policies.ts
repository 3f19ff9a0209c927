import { z } from 'zod';
import { arnOf, type RegistryContext } from '../../registry/exchange.ts';
import { expiredImages, lifecyclePolicySchema } from '../../registry/lifecycle.ts';
import type { Repository } from '../../registry/repositories.ts';
import { AwsError, operation } from '../service.ts';
import { findRepository, permissionsFor } from './context.ts';
import { invalidParameter } from './errors.ts';
import { inRepository, seconds } from './input.ts';

/** The policies of repositories: when images expire, and who may use them. */
export function createPolicies(context: RegistryContext) {
  const { account, registry } = context;
  const { repositories, images } = registry;

  const shown = ({ name, lifecyclePolicy, lifecycleEvaluatedAt }: Repository) => {
    if (lifecyclePolicy === null) {
      throw new AwsError(
        'LifecyclePolicyNotFoundException',
        `Lifecycle policy does not exist for the repository with name '${name}' in the registry with id '${account.id}'`,
      );
    }
    return {
      registryId: account.id,
      repositoryName: name,
      lifecyclePolicyText: lifecyclePolicy,
      lastEvaluatedAt: lifecycleEvaluatedAt === null ? undefined : seconds(lifecycleEvaluatedAt),
    };
  };

  const shownPolicy = ({ name, policy }: Repository) => {
    if (policy === null) {
      throw new AwsError(
        'RepositoryPolicyNotFoundException',
        `Repository policy does not exist for the repository with name '${name}' in the registry with id '${account.id}'`,
      );
    }
    return { registryId: account.id, repositoryName: name, policyText: policy };
  };

  const expire = (repository: Repository): void => {
    const { name, lifecyclePolicy } = repository;
    if (lifecyclePolicy === null) return;
    const policy = lifecyclePolicySchema.parse(JSON.parse(lifecyclePolicy));
    const candidates = images.digests(name).map((image) => ({ ...image, tags: images.tagsOf(name, image.digest) }));
    for (const digest of expiredImages(policy, candidates, Date.now())) {
      // An image of an index stays as long as the index. https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
      if (images.parents(name, digest).length > 0) continue;
      const tags = images.tagsOf(name, digest);
      images.remove(name, digest);
      account.log('ecr', `${name}@${digest} has expired`);
      context.deleted(name, digest, tags);
    }
    repositories.update(name, { lifecycleEvaluatedAt: Date.now() });
  };

  return {
    /** Does in every repository what its lifecycle policy says. */
    expireImages(): void {
      for (
        let page = repositories.page('', 100);
        page.length > 0;
        page = repositories.page(page.at(-1)?.name ?? '', 100)
      ) {
        for (const repository of page) expire(repository);
      }
    },

    /** IAM forgets the policies of resources with the process. */
    restore(): void {
      for (
        let page = repositories.page('', 100);
        page.length > 0;
        page = repositories.page(page.at(-1)?.name ?? '', 100)
      ) {
        for (const { name, policy } of page)
          if (policy !== null) account.iam.setResourcePolicy(arnOf(account, name), withResource(policy));
      }
    },

    operations: {
      PutLifecyclePolicy: operation({
        input: z.object({ ...inRepository, lifecyclePolicyText: z.string().min(100).max(30720) }),
        permissions: permissionsFor(context, 'PutLifecyclePolicy'),
        handle({ lifecyclePolicyText, ...input }) {
          const { name } = findRepository(context, input);
          const parsed = lifecyclePolicySchema.safeParse(parseJson(lifecyclePolicyText));
          if (!parsed.success) {
            const [issue] = parsed.error.issues;
            const reason = `${issue?.path.join('/')}: ${issue?.message}`;
            throw invalidParameter('LifecyclePolicyText', `Lifecycle policy validation failure: ${reason}`);
          }
          repositories.update(name, { lifecyclePolicy: lifecyclePolicyText, lifecycleEvaluatedAt: null });
          return { registryId: account.id, repositoryName: name, lifecyclePolicyText };
        },
      }),

      GetLifecyclePolicy: operation({
        input: z.object(inRepository),
        permissions: permissionsFor(context, 'GetLifecyclePolicy'),
        handle: (input) => shown(findRepository(context, input)),
      }),

      DeleteLifecyclePolicy: operation({
        input: z.object(inRepository),
        permissions: permissionsFor(context, 'DeleteLifecyclePolicy'),
        handle(input) {
          const repository = findRepository(context, input);
          const answer = shown(repository);
          repositories.update(repository.name, { lifecyclePolicy: null, lifecycleEvaluatedAt: null });
          return answer;
        },
      }),

      SetRepositoryPolicy: operation({
        input: z.object({ ...inRepository, policyText: z.string().max(10240), force: z.boolean().optional() }),
        permissions: permissionsFor(context, 'SetRepositoryPolicy'),
        handle({ policyText, ...input }) {
          const { name } = findRepository(context, input);
          if (!policySchema.safeParse(parseJson(policyText)).success) {
            throw invalidParameter('PolicyText', 'Invalid repository policy provided');
          }
          account.iam.setResourcePolicy(arnOf(account, name), withResource(policyText));
          return shownPolicy(repositories.update(name, { policy: policyText }));
        },
      }),

      GetRepositoryPolicy: operation({
        input: z.object(inRepository),
        permissions: permissionsFor(context, 'GetRepositoryPolicy'),
        handle: (input) => shownPolicy(findRepository(context, input)),
      }),

      DeleteRepositoryPolicy: operation({
        input: z.object(inRepository),
        permissions: permissionsFor(context, 'DeleteRepositoryPolicy'),
        handle(input) {
          const repository = findRepository(context, input);
          const answer = shownPolicy(repository);
          account.iam.setResourcePolicy(arnOf(account, repository.name), { Version: '2012-10-17', Statement: [] });
          repositories.update(repository.name, { policy: null });
          return answer;
        },
      }),
    },
  };
}

const policySchema = z.looseObject({
  Statement: z.array(z.looseObject({ Effect: z.enum(['Allow', 'Deny']) })).min(1),
});

/** A repository's policy has no `Resource`: it is about the repository. */
function withResource(policy: string): unknown {
  const { Statement, ...rest } = policySchema.parse(JSON.parse(policy));
  return { ...rest, Statement: Statement.map((statement) => ({ Resource: '*', ...statement })) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
