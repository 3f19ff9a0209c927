import { Logger } from '@aws-lambda-powertools/logger';
import { mayPull } from '../core/bases/private-base.ts';
import { secretsOf } from '../core/builds/build-secrets.ts';
import { isInBuilder, isTokenOf } from '../core/builds/build-token.ts';
import { isReadableBase, isReleaseRepository, projectsReleasingTo } from '../core/builds/readable-base.ts';
import { sessionPolicy } from '../core/builds/session-policy.ts';
import { mapConcurrently } from '../core/concurrency.ts';
import type { Build } from '../core/model/build.ts';
import { type BuildCredentials, credentialsRequestSchema } from '../core/model/builder-contract.ts';
import { InvalidInputError, SourceSecretError } from '../core/model/errors.ts';
import { parseProjectName } from '../core/model/project-name.ts';
import { once } from '../core/once.ts';
import { usesSourceSecret } from '../core/sources/source-secret.ts';
import { type BuildSessions, openBuildSessions } from '../services/aws/build-sessions.ts';
import { recordVariable, variable } from '../services/environment.ts';
import { openSourceCredentials, type SourceCredentials } from '../services/git-host/source-credentials.ts';
import { openPullCredentials } from '../services/registry/pull-credentials.ts';
import type { RegistryCredentials } from '../services/registry/registry-credentials.ts';
import { openRepositories, type Repositories } from '../services/registry/repositories.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { openProjects, type ProjectRecord, type Projects } from '../services/tables/projects.ts';

const lookupsAtOnce = 8;
/** How many of the projects that release to one repository are read. A repository with more counts as private. */
const mostReleasing = 100;

type Logins = (BuildCredentials & { outcome: 'granted' })['logins'];

interface Services {
  builds: Pick<Builds, 'getWithTokens'>;
  projects: Pick<Projects, 'get' | 'list'>;
  repositories: Pick<Repositories, 'existing'>;
  sessions: BuildSessions;
  /** For an image of another registry. */
  pullCredentials: RegistryCredentials;
  sourceCredentials: SourceCredentials;
  places: Parameters<typeof sessionPolicy>[2];
  /** The images that the operators named: what scripts before builds run in, and BuildKit. */
  operatorImages: readonly string[];
  logger: Pick<Logger, 'warn'>;
}

/**
 * Gives a build the credentials for its own records and repositories. All builds may call this, so the caller proves by its token which
 * build it is. A refusal does not say why. It is an answer and not an error, because a build that was just ended may still ask.
 */
export function createBuildCredentials({
  builds,
  projects,
  repositories,
  sessions,
  pullCredentials,
  sourceCredentials,
  places,
  operatorImages,
  logger,
}: Services) {
  const { repositoryPrefix: prefix } = places;

  /** The repositories that exist and that the build may read. */
  async function readable(project: ProjectRecord | undefined, wanted: readonly string[]): Promise<string[]> {
    const existing = await repositories.existing(wanted.filter((name) => isReleaseRepository(name, prefix)));
    if (existing.length === 0) return [];
    const found = await mapConcurrently(existing, lookupsAtOnce, async (repository) => {
      const { items, cursor } = await projects.list(projectsReleasingTo(repository.name, prefix), {
        limit: mostReleasing,
      });
      const isReadable =
        cursor === undefined && isReadableBase({ ...repository, projects: items }, project, { operatorImages, prefix });
      return isReadable ? [repository.name] : [];
    });
    return found.flat();
  }

  /** The credentials for images of other registries, without those that the build may not pull with them. */
  async function loginsFor(build: Build, project: ProjectRecord | undefined, images: readonly string[]) {
    const known = (project?.bases ?? []).map(({ image }) => image);
    const { appId } = parseProjectName(build.project);
    const logins: Logins = {};
    const withheld: string[] = [];
    await mapConcurrently(images, lookupsAtOnce, async (image) => {
      if (!mayPull(image, build, known)) return;
      const credentials = await pullCredentials(image, [appId]);
      if (credentials === 'withheld') withheld.push(image);
      else if (credentials) logins[image] = credentials;
    });
    return { logins, withheld };
  }

  /** The credentials of the source, if the entry still names the repository that is built. */
  async function sourceOf(build: Build, project: ProjectRecord | undefined) {
    if (!project || !usesSourceSecret(build, project) || project.gitUrl !== build.sourceUrl) return undefined;
    // A token of the app is used for minutes from now: its installation has to be there.
    const found = await sourceCredentials(project, true);
    return found && { url: found.url, authorization: found.authorization, password: found.password };
  }

  return async function buildCredentials(input: unknown): Promise<BuildCredentials> {
    const { build: id, token, bases, images, source: wantsSource } = credentialsRequestSchema.parse(input);
    const build = await builds.getWithTokens(id);
    const isOwn = isTokenOf(build?.tokens ?? [], token);
    if (!build || !isOwn || !isInBuilder(build)) {
      logger.warn('Credentials were refused', {
        build: id,
        isKnown: build !== undefined,
        isOwn,
        status: build?.status,
      });
      return { outcome: 'refused', message: refusal };
    }
    const project = await projects.get(build.project);
    const open = await readable(project, bases);
    const secrets = Object.values((project && secretsOf(build, project)) ?? {});
    try {
      const policy = sessionPolicy(build, { bases: open, secrets: [...new Set(secrets)] }, places);
      const credentials = await sessions.begin(`build-${id}`, policy);
      const logins = await loginsFor(build, project, images);
      const source = wantsSource ? await sourceOf(build, project) : undefined;
      return { outcome: 'granted', ...credentials, bases: open, ...logins, source };
    } catch (error) {
      if (!(error instanceof InvalidInputError || error instanceof SourceSecretError)) throw error;
      return { outcome: 'refused', message: error.message };
    }
  };
}

const refusal = 'The pipeline gives this build no credentials: it has ended, or the token is not its own.';

const run = once(() =>
  createBuildCredentials({
    builds: openBuilds(),
    projects: openProjects(),
    repositories: openRepositories(),
    sessions: openBuildSessions(),
    pullCredentials: openPullCredentials(),
    sourceCredentials: openSourceCredentials(),
    places: {
      bucketArn: variable('RECORDS_BUCKET_ARN'),
      repositoriesArn: variable('REPOSITORIES_ARN'),
      repositoryPrefix: variable('REPOSITORY_PREFIX'),
      secretsArn: variable('BUILD_SECRETS_ARN'),
      pullThrough: Object.values(recordVariable('PULL_THROUGH')),
    },
    operatorImages: [variable('PREBUILD_IMAGE'), variable('BUILDKIT_IMAGE')],
    logger: new Logger({ serviceName: 'build-credentials' }),
  }),
);

export function handler(input: unknown): Promise<BuildCredentials> {
  return run()(input);
}
