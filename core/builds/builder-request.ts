import { type Build, isReleasable } from '../model/build.ts';
import type { BuildRequest } from '../model/builder-contract.ts';
import { type Project, repositoriesOf } from '../model/project.ts';
import { usesSourceSecret } from '../sources/source-secret.ts';
import { secretsOf } from './build-secrets.ts';
import { imageVersion } from './tags.ts';

interface Settings {
  repositoryPrefix: string;
  limits: Pick<BuildRequest, 'timeoutSeconds' | 'logLimitBytes'>;
}

/** The request to the builder: it builds the commit of the build's record with the settings of the project's index entry. */
export function requestOf(build: Build, project: Project, { repositoryPrefix, limits }: Settings): BuildRequest {
  const { id, commit, ref, sourceUrl, noCache } = build;
  const { name, dockerfile, context, prebuild, platforms, policy, buildArgs, target } = project;
  return {
    id,
    project: name,
    source: { url: sourceUrl, commit, ref, hasSecret: usesSourceSecret(build, project) || undefined },
    dockerfile,
    context,
    candidate: repositoriesOf(project, repositoryPrefix).candidate,
    repositoryPrefix,
    labels: {
      ...project.labels,
      'org.opencontainers.image.source': project.gitUrl,
      'org.opencontainers.image.revision': commit,
      'org.opencontainers.image.version': imageVersion(project, ref),
      'org.opencontainers.image.ref.name': ref.replace(/^refs\/(heads|tags)\//, ''),
    },
    noCache,
    cache: isReleasable(ref) ? undefined : 'none',
    prebuild,
    platforms,
    buildArgs,
    target,
    buildSecrets: secretsOf(build, project),
    frontends: policy?.frontends,
    ...limits,
  };
}
