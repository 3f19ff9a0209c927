import { ECRClient } from '@aws-sdk/client-ecr';
import { type Build, isTerminal } from '../core/build.ts';
import { RecordConflictError } from '../core/errors.ts';
import { parseProjectName, repositoriesOf } from '../core/project.ts';
import { floatingTags, immutableTag } from '../core/tags.ts';
import { type Builds, createBuilds } from '../services/builds.ts';
import { createDocumentClient } from '../services/dynamodb.ts';
import { variable } from '../services/environment.ts';
import { createProjects, type Projects } from '../services/projects.ts';
import { openRegistry, type Registry, TagTakenError } from '../services/registry.ts';
import { stepInputSchema } from './step-input.ts';

/** Images of one repository that were asked for in the same second have tags a second apart; a minute of them is no accident. */
const immutableTagAttempts = 60;

interface Services {
  builds: Builds;
  projects: Projects;
  openRegistry: () => Promise<Registry>;
  repositoryPrefix: string;
}

/** Copies a candidate that passed to the release repository, by digest, and puts its tags on, the newest build's last. */
export function createRelease({ builds, projects, openRegistry, repositoryPrefix }: Services) {
  async function tagImmutably(registry: Registry, repository: string, build: Build, digest: string): Promise<string> {
    for (let attempt = 0; attempt < immutableTagAttempts; attempt++) {
      const tag = immutableTag(build, attempt);
      try {
        await registry.tag(repository, digest, tag);
        return tag;
      } catch (error) {
        if (!(error instanceof TagTakenError)) throw error;
      }
    }
    throw new RecordConflictError(`${repository} has no free tag like ${immutableTag(build)}.`);
  }

  return async function release(input: unknown): Promise<{ status: Build['status'] }> {
    const build = await builds.require(stepInputSchema.parse(input).build);
    if (isTerminal(build.status)) return { status: build.status };
    if (build.verdict?.outcome !== 'pass' || !build.candidate) {
      throw new RecordConflictError(`Build ${build.id} has no verdict of pass: it is not released.`);
    }
    const project = await projects.get(build.project);
    if (!project) throw new RecordConflictError(`There is no project ${build.project}.`);
    const releasing = await builds.begin(build.id, 'release', 'releasing');
    if (!releasing) throw new RecordConflictError(`Build ${build.id} has ended meanwhile.`);
    if (!(await projects.claimRelease(build.project, build))) {
      await builds.close(releasing, 'superseded');
      return { status: 'superseded' };
    }

    const { digest } = build.candidate;
    const repository = repositoriesOf(parseProjectName(build.project), repositoryPrefix).release;
    const registry = await openRegistry();
    await registry.copy(digest, build.candidate.repository, repository);
    const versions = build.ref.startsWith('refs/tags/') ? await registry.tags(repository) : [];
    const floating = floatingTags(project, build, versions);
    const tags = [...floating, await tagImmutably(registry, repository, build, digest)];
    for (const tag of floating) await registry.tag(repository, digest, tag);

    const image = { repository: `${registry.host}/${repository}`, digest, tags };
    const at = new Date().toISOString();
    const { id, sequence, headAt } = build;
    await projects.finishRelease(build.project, { build: id, sequence, headAt, digest, tags, at });
    await builds.close(releasing, 'released', { image });
    return { status: 'released' };
  };
}

let run: ReturnType<typeof createRelease> | undefined;

export function handler(input: unknown): Promise<{ status: Build['status'] }> {
  const client = createDocumentClient();
  const ecr = new ECRClient({});
  run ??= createRelease({
    builds: createBuilds(client, variable('BUILDS_TABLE')),
    projects: createProjects(client, variable('PROJECTS_TABLE')),
    openRegistry: () => openRegistry(ecr),
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
  });
  return run(input);
}
