import type { Project } from '../../core/model/project.ts';
import { once } from '../../core/once.ts';
import { openSourceHost, type RefsAnswer, type RefsRequest, type SourceHost } from './git-remote.ts';
import { openSourceCredentials, type PrivateSource, type SourceCredentials } from './source-credentials.ts';

/** The repositories of projects, each asked with the credential that the project's own entry names, if it names one. */
export function createProjectSources(host: SourceHost, credentialOf: SourceCredentials) {
  const authorizationOf = async (project: PrivateSource) => (await credentialOf(project))?.authorization;

  return {
    /** The commits at refs, by ref. */
    async commitsAt(project: PrivateSource, refs: readonly string[]): Promise<ReadonlyMap<string, string>> {
      return host.commitsAt(project.gitUrl, refs, await authorizationOf(project));
    },

    /** The commit at the head of the tracked branch; undefined if there is no such repository or branch. */
    async headOf(project: PrivateSource & Pick<Project, 'gitBranch'>): Promise<string | undefined> {
      return host.headOf(project.gitUrl, project.gitBranch, await authorizationOf(project));
    },

    async refsOf(project: PrivateSource, request: RefsRequest): Promise<RefsAnswer> {
      return host.refsOf(project.gitUrl, { ...request, authorization: await authorizationOf(project) });
    },
  };
}

export type ProjectSources = ReturnType<typeof createProjectSources>;

export const openProjectSources = once(() => createProjectSources(openSourceHost(), openSourceCredentials()));
