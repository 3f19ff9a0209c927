import { posix } from 'node:path';
import { parseDocument } from 'yaml';
import { mapConcurrently } from '../../core/concurrency.ts';
import type { SourceFacts } from '../../core/index/source-facts.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import type { Project } from '../../core/model/project.ts';
import type { MissingSecrets } from '../../services/aws/build-secrets.ts';
import type { HeadOf } from '../../services/git-host/git-remote.ts';
import type { GitHosts } from '../../services/git-host/hosts.ts';
import type { RepositoryApi } from '../../services/git-host/repository-api.ts';

const atOnce = 16;
/** Each takes some calls of the git host's API, which limits their number. */
const mostProjects = 50;
/** The author of a pull request waits for the report, which says what could not be found out in this time. */
const timeoutMilliseconds = 12_000;
const pipelineFiles = ['cccp.yml', '.cccp.yml', 'cccp.yaml', '.cccp.yaml'];

interface Services {
  headOf: HeadOf;
  repositoryAt: GitHosts['repositoryAt'];
  missingSecrets: MissingSecrets;
}

/** What is known of the pull request that has the entries. */
interface Proposal {
  /** Whoever proposes it may not write to the index: they learn of no secret whether it exists. */
  isOfFork: boolean;
}

/** Checks whether the branches, files and build secrets that entries of the index name exist. Only single files are fetched, and nothing is run. */
export function createSourceFacts({ headOf, repositoryAt, missingSecrets }: Services) {
  async function sourceOf(project: Project): Promise<SourceFacts> {
    const { gitUrl, gitBranch, dockerfile } = project;
    if (project.sourceSecret !== undefined)
      return { branch: { unknown: 'the secret of a private repository is not used for a pull request of the index' } };
    const commit = await headOf(gitUrl, gitBranch);
    if (commit === undefined) return { branch: 'absent' };
    const repository = repositoryAt(gitUrl);
    if (repository === undefined) return { branch: { commit } };
    const [found, otherJobId] = await Promise.all([
      project.prebuild ? undefined : repository.file(dockerfile, commit),
      jobIdOf(repository, posix.dirname(dockerfile), commit),
    ]);
    return {
      branch: { commit },
      // A prebuild script may create the Dockerfile, so it need not exist before.
      dockerfile: project.prebuild ? undefined : found !== undefined,
      otherJobId: otherJobId === project.jobId ? undefined : otherJobId,
    };
  }

  async function factsOf(project: Project, { isOfFork }: Proposal): Promise<SourceFacts> {
    const [source, missing] = await Promise.all([
      sourceOf(project).catch((error: unknown): SourceFacts => {
        if (!(error instanceof UpstreamError)) throw error;
        return { branch: { unknown: error.message } };
      }),
      isOfFork ? undefined : missingSecrets(project),
    ]);
    return { ...source, missingSecrets: missing };
  }

  async function jobIdOf(repository: RepositoryApi, folder: string, commit: string): Promise<string | undefined> {
    for (const name of pipelineFiles) {
      const text = await repository.file(posix.join(folder, name), commit);
      if (text === undefined) continue;
      const document = parseDocument(text.slice(0, 100_000), { schema: 'failsafe', logLevel: 'silent' });
      const jobId = document.errors.length === 0 ? document.get('job-id') : undefined;
      return typeof jobId === 'string' ? jobId.trim().toLowerCase() : undefined;
    }
    return undefined;
  }

  /** By project name; only for the first of the projects. */
  return async function sourceFacts(
    projects: readonly Project[],
    proposal: Proposal,
  ): Promise<Map<string, SourceFacts>> {
    const late = new Promise<SourceFacts>((resolve) => {
      setTimeout(resolve, timeoutMilliseconds, { branch: { unknown: 'there was no answer in time' } }).unref();
    });
    const known = await mapConcurrently(projects.slice(0, mostProjects), atOnce, async (project) => {
      return [project.name, await Promise.race([factsOf(project, proposal), late])] as const;
    });
    return new Map(known);
  };
}
