import type { Project } from '../../core/model/project.ts';
import { once } from '../../core/once.ts';
import { absentError } from '../../core/sources/source-failure.ts';
import { openSourceHost, type RefsAnswer, type RefsRequest, type SourceHost } from './git-remote.ts';
import { openSourceCredentials, type PrivateSource, type SourceCredentials } from './source-credentials.ts';

/** The repositories of projects, each asked with the credential that the project's own entry names, if it names one. */
export function createProjectSources(host: SourceHost, credentialOf: SourceCredentials) {
  async function refsOf(project: PrivateSource, request: RefsRequest): Promise<RefsAnswer> {
    const ask = async (isFresh: boolean) => {
      const authorization = (await credentialOf(project, isFresh))?.authorization;
      return host.refsOf(project.gitUrl, { ...request, authorization });
    };
    const answer = await ask(false);
    // What opened it may have ended since it was read: then that is what people should hear of.
    return answer.kind === 'absent' && project.sourceSecret !== undefined ? ask(true) : answer;
  }

  return {
    /** The commits at refs, by ref. */
    async commitsAt(project: PrivateSource, refs: readonly string[]): Promise<ReadonlyMap<string, string>> {
      return host.commitsAt(project.gitUrl, refs, (await credentialOf(project))?.authorization);
    },

    /**
     * The commit at the head of the tracked branch; undefined if there is no such branch.
     * @throws SourceAbsentError
     */
    async headOf(project: PrivateSource & Pick<Project, 'gitBranch'>): Promise<string | undefined> {
      const ref = `refs/heads/${project.gitBranch}`;
      const answer = await refsOf(project, { prefixes: [ref] });
      if (answer.kind === 'absent') throw absentError(answer, project);
      return answer.kind === 'refs' ? answer.refs.get(ref) : undefined;
    },

    refsOf,
  };
}

export type ProjectSources = ReturnType<typeof createProjectSources>;

export const openProjectSources = once(() => createProjectSources(openSourceHost(), openSourceCredentials()));
