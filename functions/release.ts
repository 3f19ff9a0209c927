import { basename } from 'node:path';
import { floatingTags, immutableTag } from '../core/builds/tags.ts';
import { holdOf } from '../core/holds/hold.ts';
import { type Build, type BuildStatus, isBranch, isTerminal } from '../core/model/build.ts';
import { recordKeys, type SbomFormat, sbomFormats } from '../core/model/builder-contract.ts';
import { RecordConflictError } from '../core/model/errors.ts';
import { effectivePolicy, type Response as PolicyResponse } from '../core/model/policy.ts';
import { isTracked, parseProjectName, repositoriesOf } from '../core/model/project.ts';
import { once } from '../core/once.ts';
import { repositoryOf } from '../core/releases/release.ts';
import { decideRelease, type EndWithoutRelease, endBeforeRelease } from '../core/releases/release-decision.ts';
import { variable } from '../services/environment.ts';
import { openSboms, type Sboms } from '../services/records/sboms.ts';
import { openRegistry, ReferrerRefusedError, type Registry, TagTakenError } from '../services/registry/registry.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { type Heads, openHeads } from '../services/tables/heads.ts';
import { openProjects, type ProjectRecord, type Projects } from '../services/tables/projects.ts';
import { openReleases, type Releases } from '../services/tables/releases.ts';
import { lastRelease } from './builds/last-release.ts';
import { stepInputSchema } from './builds/step-input.ts';

/** Builds of one repository that were created in the same second get tags a second apart. A whole minute of taken tags is no coincidence. */
const immutableTagAttempts = 60;

type Image = NonNullable<Build['image']>;
type End = (EndWithoutRelease & Pick<Build, 'held'>) | { status: 'released'; by?: undefined };

interface Services {
  sboms: Pick<Sboms, 'read'>;
  builds: Pick<Builds, 'require' | 'begin' | 'endStage' | 'close'>;
  projects: Pick<Projects, 'get' | 'claimRelease' | 'finishRelease' | 'yieldRelease'>;
  heads: Pick<Heads, 'get' | 'recordRelease'>;
  releases: Pick<Releases, 'record'>;
  openRegistry: () => Promise<Registry>;
  repositoryPrefix: string;
  /** The pipeline's configuration, which projects override. */
  policy: unknown;
}

/** Copies a candidate that passed to the release repository, by digest, and tags it. The tags of the newest build win. */
export function createRelease({
  sboms,
  builds,
  projects,
  heads,
  releases,
  openRegistry,
  repositoryPrefix,
  policy,
}: Services) {
  async function end(build: Build, { status, by, ...held }: End): Promise<{ status: BuildStatus }> {
    const closed = await builds.close(build, status, { supersededBy: by, ...held });
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

  /** @returns what people should know: an SBOM that the registry does not take keeps the image from its release only if the policy says so */
  async function attachSboms(
    registry: Registry,
    repository: string,
    { id }: Build,
    { digest, response }: { digest: string; response: PolicyResponse },
  ): Promise<string[]> {
    const warnings: string[] = [];
    for (const format of Object.keys(sbomFormats) as SbomFormat[]) {
      const bytes = await sboms.read(id, format);
      // The verdict has already decided whether an image may be released without an SBOM.
      if (bytes) {
        const name = basename(recordKeys[format](id));
        await registry
          .attach(repository, digest, { type: sbomFormats[format], name, bytes })
          .catch((error: unknown) => {
            if (!(error instanceof ReferrerRefusedError) || response === 'block') throw error;
            if (response === 'warn') warnings.push(`${error.message}. It is on the page of the build.`);
          });
      }
    }
    return warnings;
  }

  /** All tags are set: records the release, yields the project's release claim, and ends the build. */
  async function finish(project: ProjectRecord, build: Build, image: Image): Promise<{ status: BuildStatus }> {
    const { id, project: name, ref, headRevision } = build;
    const { digest, tags } = image;
    const release = { build: id, headRevision, digest, tags, at: new Date().toISOString() };
    // Before the claim is yielded, so that releases are recorded in their order.
    await releases.record({ project: name, ...release }, repositoryOf(name, repositoryPrefix));
    if (isTracked(project, ref)) {
      await projects.finishRelease(name, { ...release, ref });
    } else {
      await heads.recordRelease({ project: name, ref }, release);
      await projects.yieldRelease(name, id);
    }
    return end(build, { status: 'released' });
  }

  return async function release(input: unknown): Promise<{ status: BuildStatus }> {
    const build = await builds.require(stepInputSchema.parse(input).build);
    if (isTerminal(build.status)) return { status: build.status };
    if (build.verdict?.outcome !== 'pass' || !build.candidate) {
      throw new RecordConflictError(`Build ${build.id} has no verdict of pass: it is not released.`);
    }
    // Different functions write the two, so that neither can release an image alone.
    if (build.verdict.digest !== build.candidate.digest) {
      throw new RecordConflictError(
        `The verdict of pass on build ${build.id} is on another image: it is not released.`,
      );
    }
    const known = await projects.get(build.project);
    if (!known) throw new RecordConflictError(`There is no project ${build.project}.`);
    const early = endBeforeRelease(build, known, (await heads.get(build.project, build.ref))?.build);
    if (early) return end(build, early);
    const releasing = await builds.begin(build.id, 'release', 'releasing');
    if (!releasing) return { status: (await builds.require(build.id)).status };
    // An earlier try set all tags.
    if (releasing.image) return finish(known, releasing, releasing.image);

    const project = await projects.claimRelease(build.project, build.id);
    const { digest } = build.candidate;
    const repository = repositoriesOf(parseProjectName(build.project), repositoryPrefix).release;
    const registry = await openRegistry();
    const versions = isBranch(build.ref) ? [] : await registry.tags(repository);
    const floating = floatingTags(project, build, versions);
    const last = await lastRelease(heads, project, build.ref);
    let decision = decideRelease({ build, digest, floating, last });
    if (decision.do === 'compare') {
      const isSameContent = await registry.haveSameContent({ repository, digest: decision.with }, build.candidate);
      decision = decideRelease({ build, digest, floating, last, isSameContent });
    }
    if (decision.do === 'end') {
      await projects.yieldRelease(build.project, build.id);
      return end(releasing, decision.end);
    }
    const held = holdOf(project, new Date());
    if (held) {
      await projects.yieldRelease(build.project, build.id);
      return end(releasing, { status: 'unchanged', held });
    }
    await registry.copy(digest, build.candidate.repository, repository);
    // Before the tags, so that a client that pulls by a tag also finds the SBOMs.
    const response = effectivePolicy(policy, known.policy)?.scanners.sbom ?? 'block';
    const warnings = await attachSboms(registry, repository, build, { digest, response });
    const tags = [...floating, await tagImmutably(registry, repository, build, digest)];
    for (const tag of floating) await registry.tag(repository, digest, tag);

    const image = { repository: `${registry.host}/${repository}`, digest, tags };
    const { verdict } = build;
    const results =
      warnings.length === 0
        ? { image }
        : { image, verdict: { ...verdict, warnings: [...(verdict.warnings ?? []), ...warnings] } };
    return finish(project, await builds.endStage(build.id, 'release', 'succeeded', results), image);
  };
}

const run = once(() =>
  createRelease({
    sboms: openSboms(),
    builds: openBuilds(),
    projects: openProjects(),
    heads: openHeads(),
    releases: openReleases(),
    openRegistry,
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
    policy: JSON.parse(variable('POLICY')),
  }),
);

export function handler(input: unknown): Promise<{ status: BuildStatus }> {
  return run()(input);
}
