import { Logger } from '@aws-lambda-powertools/logger';
import * as z from 'zod';
import { destinationsOf } from '../core/destinations/destination.ts';
import { describeHeld, holdOf } from '../core/holds/hold.ts';
import { isService } from '../core/model/deploy-target.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Project } from '../core/model/project.ts';
import { once } from '../core/once.ts';
import { currentState } from '../core/releases/release.ts';
import { type Deliverable, deliverableOf } from '../core/targets/deliverable.ts';
import type { TargetState } from '../core/targets/target-state.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import { openReleases, type Releases } from '../services/tables/releases.ts';
import { openTargets, type Targets } from '../services/tables/targets.ts';
import { type Delivery, openDelivery } from './targets/deliver-release.ts';

interface Services {
  builds: Pick<Builds, 'get'>;
  projects: Pick<Projects, 'get'>;
  releases: Pick<Releases, 'allOf'>;
  targets: Pick<Targets, 'get'>;
  deliver: Delivery['deliver'];
}

const requestSchema = z.object({
  project: z.string(),
  /** The target's name; the entry's only service where it is absent. */
  to: z.string().optional(),
  /** A digest, a tag or a build of the release; what the target before has where it is absent. */
  release: z.string().optional(),
  requester: z.string(),
});

export type PromotionAnswer = { refused: string } | { state: TargetState };

/** Promotes a release of a project to one of its targets, because a person says so. */
export function createPromote({ builds, projects, releases, targets, deliver }: Services) {
  async function releaseNamed(project: string, wanted: string): Promise<Deliverable> {
    const all = (await releases.allOf(project)).filter((image) => currentState(image) !== 'gone');
    const named = all.find(({ digest, build, tags }) => digest === wanted || build === wanted || tags.has(wanted));
    const build = named && (await builds.get(named.build));
    const release = build && deliverableOf(build);
    if (release) return release;
    const known = all
      .toSorted((one, other) => (one.releasedAt < other.releasedAt ? 1 : -1))
      .slice(0, 10)
      .map(({ tags, digest }) => [...tags].find((tag) => tag.startsWith('build-')) ?? digest);
    throw new InvalidInputError(
      `${project} has no release ${wanted}. Its last ones are: ${known.join(', ') || 'none'}.`,
    );
  }

  /** The name of the target that is meant. */
  function targetNamed(name: string, project: Project | undefined, to: string | undefined): string {
    const deploy = project?.deploy ?? [];
    const services = deploy.filter(isService).map((target) => target.name);
    const all = [...deploy.map((target) => target.name), ...(project ? destinationsOf(project) : [])];
    const wanted = to ?? (services.length === 1 ? services[0] : undefined);
    if (project?.active && wanted !== undefined && all.includes(wanted)) return wanted;
    if (to === undefined) {
      throw new InvalidInputError(
        `${name} has ${services.length === 0 ? 'no service' : 'several services'}: name the target with --to. The targets of its entry are: ${all.join(', ') || 'none'}.`,
      );
    }
    throw new InvalidInputError(
      `${name} has no target ${to}. The targets of its entry are: ${all.join(', ') || 'none'}.`,
    );
  }

  return async function promote(input: unknown): Promise<TargetState> {
    const { project: name, to, release: wanted, requester } = requestSchema.parse(input);
    const project = await projects.get(name);
    const target = targetNamed(name, project, to);
    if (!project) throw new InvalidInputError(`There is no project ${name}.`);
    const hold = holdOf(project, new Date());
    if (hold) {
      throw new InvalidInputError(
        `Nothing was promoted. Releases of ${name} are ${describeHeld(hold)}. Promote it when the hold has ended.`,
      );
    }
    const { deploy = [] } = project;
    const { on } = deploy.find((each) => each.name === target) ?? {};
    const before = on === 'promotion' ? deploy[deploy.findIndex((each) => each.name === target) - 1]?.name : undefined;
    const current =
      wanted ?? (before ? (await targets.get(name, before))?.delivered[0]?.digest : project.released?.digest);
    if (!current) throw new InvalidInputError(`${before ?? name} has no release to promote yet.`);
    const release = await releaseNamed(name, current);
    const [state] = await deliver(project, release, { call: { type: 'promotion', by: requester }, only: [target] });
    if (!state) throw new InvalidInputError(`${name} has no target ${target}.`);
    return state;
  };
}

const run = once(() =>
  createPromote({
    builds: openBuilds(),
    projects: openProjects(),
    releases: openReleases(),
    targets: openTargets(),
    deliver: openDelivery(new Logger({ serviceName: 'promote' })).deliver,
  }),
);

/** Called by the command: what is wrong with a request is an answer, and no error of the function. */
export async function handler(input: unknown): Promise<PromotionAnswer> {
  try {
    return { state: await run()(input) };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return { refused: error.message };
  }
}
