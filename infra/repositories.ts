import { Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/aws-events';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { pullActions, pullThroughActions, pushActions } from '../core/builds/session-policy.ts';
import type { expiredImages } from '../core/retention/retention-plan.ts';
import { allow, type Grantee } from './permissions.ts';

const projectsAreData = 'Repositories belong to projects of the index, which come and go without a deployment.';

/**
 * The image repositories below the prefix. They are created at a project's first build, so the stack has only the permissions on
 * them. Only the release step may put an image outside `candidate/`.
 */
export class Repositories {
  readonly #arn: (name: string) => string;
  readonly #prefix: string;
  readonly #all: string;
  readonly #candidates: string;

  constructor(scope: Construct, { prefix }: { prefix: string }) {
    this.#arn = (name) => Stack.of(scope).formatArn({ service: 'ecr', resource: 'repository', resourceName: name });
    this.#prefix = prefix;
    this.#all = this.#arn(`${prefix}*`);
    this.#candidates = this.#arn(`${prefix}candidate/*`);
  }

  /** Makes a project's repositories, with their rules for tags, scans and expiry. Only candidates and caches expire. */
  grantCreate(grantee: Grantee): void {
    allow(grantee, {
      actions: ['ecr:CreateRepository', 'ecr:DescribeRepositories', 'ecr:PutImageTagMutability'],
      resources: [this.#all],
      because: projectsAreData,
    });
    allow(grantee, {
      actions: ['ecr:PutLifecyclePolicy', 'ecr:PutImageScanningConfiguration'],
      resources: [this.#candidates],
      because: projectsAreData,
    });
    grantee.setVariable('REPOSITORY_PREFIX', this.#prefix);
  }

  /** What the builds together need: bases that are releases, their candidates, and the cache. A session has less of it. */
  grantBuild(grantee: Grantee): void {
    this.#signIn(grantee);
    allow(grantee, { actions: pullActions, resources: [this.#all], because: projectsAreData });
    allow(grantee, { actions: pushActions, resources: [this.#candidates], because: projectsAreData });
  }

  /** Sees which repositories exist, and knows their ARNs, to make the policy of a build's session. */
  grantDescribe(grantee: Grantee): void {
    allow(grantee, { actions: ['ecr:DescribeRepositories'], resources: [this.#all], because: projectsAreData });
    grantee.setVariable('REPOSITORY_PREFIX', this.#prefix);
    grantee.setVariable('REPOSITORIES_ARN', this.#arn(''));
  }

  /**
   * Images of other registries through the caches of the account, `prefixes`. At the first pull of an image ECR makes its repository, with
   * the rights of who pulls. https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
   */
  grantPullThrough(grantee: Grantee, prefixes: string[]): void {
    for (const prefix of prefixes) {
      allow(grantee, {
        actions: pullThroughActions,
        resources: [this.#arn(`${prefix}/*`)],
        because: 'A Dockerfile may name any image of the other registry.',
      });
    }
  }

  /** Reads images, to copy them elsewhere. */
  grantPull(grantee: Grantee): void {
    this.#signIn(grantee);
    allow(grantee, { actions: pullActions, resources: [this.#all], because: projectsAreData });
  }

  /** Sees which image a tag names. */
  grantLook(grantee: Grantee): void {
    this.#signIn(grantee);
    allow(grantee, { actions: ['ecr:BatchGetImage'], resources: [this.#all], because: projectsAreData });
    this.grantNames(grantee);
  }

  /** Knows a project by its repository. */
  grantNames(grantee: Grantee): void {
    grantee.setVariable('REPOSITORY_PREFIX', this.#prefix);
  }

  /** The patterns of a rule that match a repository, by its name or by its ARN, that is not for candidates. */
  get exceptCandidates(): string[] {
    return Match.anythingButPrefix(`${this.#prefix}candidate/`, this.#candidates.slice(0, -1));
  }

  /** The patterns of a rule that match a repository for candidates, by its name or by its ARN. */
  get onlyCandidates(): string[] {
    return [`${this.#prefix}candidate/`, this.#candidates.slice(0, -1)].flatMap((prefix) => Match.prefix(prefix));
  }

  /** Takes over the candidate that a build pushed, and reads its scan. */
  grantTakeOver(grantee: Grantee): void {
    this.grantScan(grantee);
    grantee.setVariable('REPOSITORY_PREFIX', this.#prefix);
  }

  /** Reads the scans of candidates, and starts those that are missing. */
  grantScan(grantee: Grantee): void {
    this.#grantScan(grantee, this.#candidates);
  }

  /** Sees which images an index of candidates has. */
  grantReadIndex(grantee: Grantee): void {
    allow(grantee, { actions: ['ecr:BatchGetImage'], resources: [this.#candidates], because: projectsAreData });
  }

  /** Puts an index of candidates beside them. Without the other actions of a push it can bring in no layer. */
  grantJoin(grantee: Grantee): void {
    allow(grantee, {
      actions: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:PutImage'],
      resources: [this.#candidates],
      because: projectsAreData,
    });
    this.grantNames(grantee);
  }

  /** Rescans releases with today's knowledge of vulnerabilities. */
  grantRescan(grantee: Grantee): void {
    this.#grantScan(grantee, this.#all);
  }

  #grantScan(grantee: Grantee, repositories: string): void {
    allow(grantee, {
      actions: ['ecr:DescribeImageScanFindings', 'ecr:StartImageScan', 'ecr:DescribeImages'],
      resources: [repositories],
      because: projectsAreData,
    });
    // Where the registry has enhanced scanning, ECR queries Inspector on the caller's behalf; where ECR has no findings, Slipway does.
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html
    allow(grantee, {
      actions: ['inspector2:ListCoverage', 'inspector2:ListFindings'],
      resources: ['*'],
      because: 'The two calls of Inspector know no resources.',
    });
  }

  /** Copies a candidate to its release repository and puts tags on it there. */
  grantRelease(grantee: Grantee): void {
    this.#signIn(grantee);
    // The tags of a release repository say which version is the highest.
    allow(grantee, {
      actions: [...pullActions, ...pushActions, 'ecr:ListImages'],
      resources: [this.#all],
      because: projectsAreData,
    });
    // The prefix of the releases is also that of the candidates: a release changes no candidate.
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ effect: Effect.DENY, actions: pushActions, resources: [this.#candidates] }),
    );
    grantee.setVariable('REPOSITORY_PREFIX', this.#prefix);
  }

  /** Puts tags on images that are in the release repositories already. Without the other actions of a push it can bring in no layer. */
  grantTag(grantee: Grantee): void {
    this.#signIn(grantee);
    allow(grantee, {
      actions: ['ecr:BatchGetImage', 'ecr:PutImage'],
      resources: [this.#all],
      because: projectsAreData,
    });
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ effect: Effect.DENY, actions: ['ecr:PutImage'], resources: [this.#candidates] }),
    );
    this.grantNames(grantee);
  }

  /** Sees the released images and who uses them, and deletes those that have expired. */
  grantExpire(grantee: Grantee, expired: (typeof expiredImages)[number]): void {
    const action = expired === 'archive' ? 'ecr:UpdateImageStorageClass' : 'ecr:BatchDeleteImage';
    allow(grantee, {
      actions: ['ecr:DescribeImages', action],
      resources: [this.#all],
      because: projectsAreData,
    });
    // Candidates and caches expire by ECR's own rules.
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ effect: Effect.DENY, actions: [action], resources: [this.#candidates] }),
    );
    allow(grantee, {
      actions: ['ecr:GetRegistryScanningConfiguration', 'inspector2:ListCoverage'],
      resources: ['*'],
      because: 'The setting is that of the registry, and the call of Inspector knows no resources.',
    });
    this.grantNames(grantee);
  }

  #signIn(grantee: Grantee): void {
    allow(grantee, {
      actions: ['ecr:GetAuthorizationToken'],
      resources: ['*'],
      because:
        'The token is for the whole registry; the call knows no resource. What the token opens is decided by the other statements.',
    });
  }
}
