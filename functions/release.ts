import { basename } from 'node:path';
import { floatingTags, immutableTag } from '../core/builds/tags.ts';
import { type Build, type BuildStatus, isReleasable, isTerminal, type TerminalStatus } from '../core/model/build.ts';
import { type BillFormat, billFormats, recordKeys } from '../core/model/builder-contract.ts';
import { RecordConflictError } from '../core/model/errors.ts';
import { parseProjectName, repositoriesOf } from '../core/model/project.ts';
import { once } from '../core/once.ts';
import { repositoryOf } from '../core/releases/release.ts';
import { isBefore } from '../core/sources/head-order.ts';
import { variable } from '../services/environment.ts';
import { type Bills, openBills } from '../services/records/sboms.ts';
import { openRegistry, type Registry, TagTakenError } from '../services/registry/registry.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { type Heads, openHeads } from '../services/tables/heads.ts';
import { openProjects, type ProjectRecord, type Projects } from '../services/tables/projects.ts';
import { openReleases, type Releases } from '../services/tables/releases.ts';
import { isTracked, lastRelease } from './builds/last-release.ts';
import { stepInputSchema } from './builds/step-input.ts';

/** Images of one repository that were asked for in the same second have tags a second apart; a minute of them is no accident. */
const immutableTagAttempts = 60;

type Image = NonNullable<Build['image']>;

interface Services {
  bills: Pick<Bills, 'read'>;
  builds: Pick<Builds, 'require' | 'begin' | 'endStage' | 'close'>;
  projects: Pick<Projects, 'get' | 'claimRelease' | 'finishRelease' | 'yieldRelease'>;
  heads: Pick<Heads, 'get' | 'noteRelease'>;
  releases: Pick<Releases, 'note'>;
  openRegistry: () => Promise<Registry>;
  repositoryPrefix: string;
}

/** Copies a candidate that passed to the release repository, by digest, and puts its tags on, the newest build's last. */
export function createRelease({ bills, builds, projects, heads, releases, openRegistry, repositoryPrefix }: Services) {
  async function end(build: Build, status: TerminalStatus, by?: string): Promise<{ status: BuildStatus }> {
    const closed = await builds.close(build, status, { supersededBy: by });
    return { status: (closed ?? (await builds.require(build.id))).status };
  }

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

  async function attachBills(registry: Registry, repository: string, { id }: Build, digest: string): Promise<void> {
    for (const format of Object.keys(billFormats) as BillFormat[]) {
      const bytes = await bills.read(id, format);
      // Whether an image may be released without one was the verdict's to say.
      if (bytes) {
        const name = basename(recordKeys[format](id));
        await registry.attach(repository, digest, { type: billFormats[format], name, bytes });
      }
    }
  }

  /** The tags are on: notes it, gives them free, and ends the build. */
  async function finish(project: ProjectRecord, build: Build, image: Image): Promise<{ status: BuildStatus }> {
    const { id, project: name, ref, sequence, headAt } = build;
    const { digest, tags } = image;
    const release = { build: id, sequence, headAt, digest, tags, at: new Date().toISOString() };
    // Before the tags are free, so that releases are noted in their order.
    await releases.note({ project: name, ...release }, repositoryOf(name, repositoryPrefix));
    if (isTracked(project, ref)) {
      await projects.finishRelease(name, { ...release, ref });
    } else {
      await heads.noteRelease({ project: name, ref }, release);
      await projects.yieldRelease(name, id);
    }
    return end(build, 'released');
  }

  return async function release(input: unknown): Promise<{ status: BuildStatus }> {
    const build = await builds.require(stepInputSchema.parse(input).build);
    if (isTerminal(build.status)) return { status: build.status };
    if (build.verdict?.outcome !== 'pass' || !build.candidate) {
      throw new RecordConflictError(`Build ${build.id} has no verdict of pass: it is not released.`);
    }
    const known = await projects.get(build.project);
    if (!known) throw new RecordConflictError(`There is no project ${build.project}.`);
    if (build.cause.type === 'pull-request' || !isReleasable(build.ref)) return end(build, 'unchanged');
    if (build.status !== 'releasing') {
      // From here on the build is left to its end: one that has moved a tag is not superseded.
      const head = await heads.get(build.project, build.ref);
      if (head?.build !== undefined && head.build !== build.id) return end(build, 'superseded', head.build);
      // The entry tracks another branch by now.
      if (isBranch(build.ref) && !isTracked(known, build.ref)) return end(build, 'superseded');
    }
    const releasing = await builds.begin(build.id, 'release', 'releasing');
    if (!releasing) return { status: (await builds.require(build.id)).status };
    // A try before this one put all tags on.
    if (releasing.image) return finish(known, releasing, releasing.image);

    const project = await projects.claimRelease(build.project, build.id);
    const last = await lastRelease(heads, project, build.ref);
    if (last && isBefore(build, last)) {
      await projects.yieldRelease(build.project, build.id);
      return end(releasing, 'superseded', last.build);
    }
    const { digest } = build.candidate;
    const repository = repositoriesOf(parseProjectName(build.project), repositoryPrefix).release;
    const registry = await openRegistry();
    const versions = isBranch(build.ref) ? [] : await registry.tags(repository);
    const floating = floatingTags(project, build, versions);
    if (
      last &&
      last.build !== build.id &&
      floating.every((tag) => last.tags.includes(tag)) &&
      (last.digest === digest ||
        (await registry.haveSameContent({ repository, digest: last.digest }, { ...build.candidate })))
    ) {
      await projects.yieldRelease(build.project, build.id);
      return end(releasing, 'unchanged');
    }
    await registry.copy(digest, build.candidate.repository, repository);
    // Before the tags: who pulls by one finds the bills too.
    await attachBills(registry, repository, build, digest);
    const tags = [...floating, await tagImmutably(registry, repository, build, digest)];
    for (const tag of floating) await registry.tag(repository, digest, tag);

    const image = { repository: `${registry.host}/${repository}`, digest, tags };
    return finish(project, await builds.endStage(build.id, 'release', 'succeeded', { image }), image);
  };
}

const isBranch = (ref: string) => ref.startsWith('refs/heads/');

const run = once(() =>
  createRelease({
    bills: openBills(),
    builds: openBuilds(),
    projects: openProjects(),
    heads: openHeads(),
    releases: openReleases(),
    openRegistry,
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
  }),
);

export function handler(input: unknown): Promise<{ status: BuildStatus }> {
  return run()(input);
}
