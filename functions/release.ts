import { floatingTags, immutableTag } from '../core/builds/tags.ts';
import { holdOf } from '../core/holds/hold.ts';
import { type Build, type BuildStatus, isBranch, isTerminal } from '../core/model/build.ts';
import { RecordConflictError } from '../core/model/errors.ts';
import { partOf } from '../core/model/platform.ts';
import { effectivePolicy } from '../core/model/policy.ts';
import { isTracked, repositoriesOf } from '../core/model/project.ts';
import { parseProjectName } from '../core/model/project-name.ts';
import { once } from '../core/once.ts';
import { repositoryOf } from '../core/releases/release.ts';
import { decideRelease, type EndWithoutRelease } from '../core/releases/release-decision.ts';
import { jsonVariable, variable } from '../services/environment.ts';
import { openSboms } from '../services/records/sboms.ts';
import { openSignatures } from '../services/records/signatures.ts';
import { openRegistry, type Registry, TagTakenError } from '../services/registry/registry.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { type Heads, openHeads } from '../services/tables/heads.ts';
import { openProjects, type ProjectRecord, type Projects } from '../services/tables/projects.ts';
import { openReleases, type Releases } from '../services/tables/releases.ts';
import { lastRelease } from './builds/last-release.ts';
import { stepInputSchema } from './builds/step-input.ts';
import { type AttachReferrers, createAttachReferrers } from './releases/attach-referrers.ts';
import { candidateToRelease, type PassedBuild } from './releases/candidate-to-release.ts';

/** Builds of one repository that were created in the same second get tags a second apart. A whole minute of taken tags is no coincidence. */
const immutableTagAttempts = 60;

type Image = NonNullable<Build['image']>;
type End = (EndWithoutRelease & Pick<Build, 'held'>) | { status: 'released'; by?: undefined };

interface Services {
  attachReferrers: AttachReferrers;
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
  attachReferrers,
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

  /** For an image index, each of its images gets its own referrers too. */
  async function attachAll({ id, candidate }: PassedBuild, to: Omit<Parameters<AttachReferrers>[1], 'digest'>) {
    const { digest, platforms = [] } = candidate;
    const images = platforms.map((image) => ({ recordedAs: partOf(id, image.platform), digest: image.digest }));
    const warnings = new Set<string>();
    let signed = true;
    for (const image of [...images, { recordedAs: id, digest }]) {
      const attached = await attachReferrers(image.recordedAs, { ...to, digest: image.digest });
      signed &&= attached.signed;
      for (const warning of attached.warnings) warnings.add(warning);
    }
    return { signed, warnings: [...warnings] };
  }

  /** All tags are set: records the release, yields the project's release claim, and ends the build. */
  async function finish(project: ProjectRecord, build: Build, image: Image): Promise<{ status: BuildStatus }> {
    const { id, project: name, ref, headRevision } = build;
    const { digest, tags, signed } = image;
    const release = { build: id, headRevision, digest, tags, at: new Date().toISOString() };
    // Before the claim is yielded, so that releases are recorded in their order.
    const { sizeBytes, platforms } = build.candidate ?? {};
    const recorded = { project: name, ...release, signed, sizeBytes, platforms };
    await releases.record(recorded, repositoryOf(name, repositoryPrefix));
    if (isTracked(project, ref)) {
      await projects.finishRelease(name, { ...release, ref });
    } else {
      await heads.recordRelease({ project: name, ref }, release);
      await projects.yieldRelease(name, id);
    }
    return end(build, { status: 'released' });
  }

  return async function release(input: unknown): Promise<{ status: BuildStatus }> {
    const found = await builds.require(stepInputSchema.parse(input).build);
    if (isTerminal(found.status)) return { status: found.status };
    const { build, project: known, early } = await candidateToRelease({ projects, heads }, found);
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
    let decision = decideRelease({ build, floating, last });
    if (decision.do === 'compare') {
      const isSameContent = await registry.haveSameContent({ repository, digest: decision.with }, build.candidate);
      decision = decideRelease({ build, floating, last, isSameContent });
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
    // Before the tags, so that a client that pulls by a tag also finds the signature and the SBOMs.
    const { signed, warnings } = await attachAll(build, {
      registry,
      repository,
      policy: effectivePolicy(policy, known.policy),
    });
    const tags = [...floating, await tagImmutably(registry, repository, build, digest)];
    for (const tag of floating) await registry.tag(repository, digest, tag);

    const { platforms } = build.candidate;
    const image = { repository: `${registry.host}/${repository}`, digest, tags, platforms, signed };
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
    attachReferrers: createAttachReferrers({ sboms: openSboms(), signatures: openSignatures() }),
    builds: openBuilds(),
    projects: openProjects(),
    heads: openHeads(),
    releases: openReleases(),
    openRegistry,
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
    policy: jsonVariable('POLICY'),
  }),
);

export function handler(input: unknown): Promise<{ status: BuildStatus }> {
  return run()(input);
}
