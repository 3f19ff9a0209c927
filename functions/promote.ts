import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import * as z from 'zod';
import { destinationsOf } from '../core/destinations/destination.ts';
import { describeHeld, holdOf } from '../core/holds/hold.ts';
import { isService } from '../core/model/deploy-target.ts';
import { InvalidInputError, ReleaseBusyError } from '../core/model/errors.ts';
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
  projects: Pick<Projects, 'get' | 'claimRelease' | 'yieldRelease'>;
  releases: Pick<Releases, 'allOf'>;
  targets: Pick<Targets, 'get'>;
  delivery: Pick<Delivery, 'request' | 'retry'>;
}

const requestSchema = z.object({
  project: z.string(),
  /** The target's name; the entry's only service where it is absent. */
  to: z.string().optional(),
  /** A digest, a tag or a build of the release; what the target before has where it is absent. */
  release: z.string().optional(),
  requester: z.string(),
});

type Request = z.infer<typeof requestSchema>;
type ClaimedProject = Awaited<ReturnType<Projects['claimRelease']>>;

export type PromotionAnswer = { refused: string } | { state: TargetState };

/** A release sets its tags within seconds. */
const longestWaitMilliseconds = 60_000;
const pauseMilliseconds = 500;

/**
 * Promotes a release of a project to one of its targets, because a person says so. What the target is to have is decided and written down
 * under the claim of releases, so that no rollback and no hold comes in between; whatever comes later overtakes it.
 */
export function createPromote({ builds, projects, releases, targets, delivery }: Services) {
  async function claim(name: string, holder: string): Promise<ClaimedProject> {
    const deadline = Date.now() + longestWaitMilliseconds;
    for (;;) {
      try {
        return await projects.claimRelease(name, holder);
      } catch (error) {
        if (!(error instanceof ReleaseBusyError)) throw error;
        if (Date.now() > deadline) throw new InvalidInputError(`Nothing was promoted. ${error.message}`);
        await delay(pauseMilliseconds);
      }
    }
  }

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

  /** Writes down what the target is to have. */
  async function decide(project: ClaimedProject, { to, release: wanted, requester }: Request): Promise<TargetState> {
    const { name } = project;
    const target = targetNamed(name, project, to);
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
    const [state] = await delivery.request(project, release, {
      call: { type: 'promotion', by: requester },
      only: [target],
    });
    if (!state) throw new InvalidInputError(`${name} has no target ${target}.`);
    return state;
  }

  return async function promote(input: unknown): Promise<TargetState> {
    const request = requestSchema.parse(input);
    const { project: name } = request;
    // Who names no project, or a target that is not there, takes no claim.
    targetNamed(name, await projects.get(name), request.to);
    const holder = `promotion ${randomUUID()}`;
    const project = await claim(name, holder);
    const state = await decide(project, request).finally(() => projects.yieldRelease(name, holder));
    await delivery.retry(project, [state]);
    return (await targets.get(name, state.target)) ?? state;
  };
}

const run = once(() =>
  createPromote({
    builds: openBuilds(),
    projects: openProjects(),
    releases: openReleases(),
    targets: openTargets(),
    delivery: openDelivery(new Logger({ serviceName: 'promote' })),
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
