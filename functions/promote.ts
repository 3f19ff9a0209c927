import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { callerName } from '../core/api/commands.ts';
import { type PromotionBody, promotion } from '../core/api/promotion.ts';
import { describeHeld, holdOf } from '../core/holds/hold.ts';
import { InvalidInputError, ReleaseBusyError } from '../core/model/errors.ts';
import type { Project } from '../core/model/project.ts';
import { once } from '../core/once.ts';
import { currentState } from '../core/releases/release.ts';
import { type Deliverable, deliverableOf } from '../core/targets/deliverable.ts';
import { publicTarget } from '../core/targets/describe-target.ts';
import { promotedTarget, sourceTarget } from '../core/targets/promoted-target.ts';
import { isUnderWay, type TargetState } from '../core/targets/target-state.ts';
import { type DeliverTarget, openDeliverTarget } from '../services/aws/deliver-target.ts';
import { siteUrl } from '../services/environment.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import { openReleases, type Releases } from '../services/tables/releases.ts';
import { openTargets, type Targets } from '../services/tables/targets.ts';
import {
  accepted,
  bodyRefusal,
  jsonOf,
  noSuchAddress,
  projectIn,
  projectRefusal,
  type Refusal,
  refused,
  type SignedCall,
} from './commands/signed-call.ts';
import { requestTargets } from './targets/request-targets.ts';
import { createTrackTargets, type TrackTargets } from './targets/track-targets.ts';

interface Services {
  builds: Pick<Builds, 'get'>;
  projects: Pick<Projects, 'get' | 'claimRelease' | 'yieldRelease'>;
  releases: Pick<Releases, 'allOf'>;
  targets: Pick<Targets, 'get'>;
  track: Pick<TrackTargets, 'request'>;
  deliverTarget: DeliverTarget;
}

interface Request extends PromotionBody {
  requester: string;
}

type ClaimedProject = Awaited<ReturnType<Projects['claimRelease']>>;

/** A release sets its tags within seconds, and API Gateway waits for 30 of them. */
const longestWaitMilliseconds = 20_000;
const pauseMilliseconds = 500;

/**
 * Promotes a release of a project to one of its targets, because a person says so. What the target is to have is decided and written down
 * under the claim of releases, so that no rollback and no hold comes in between; a later decision overtakes it. The call does not wait
 * until the target has the release.
 */
export function createPromote({ builds, projects, releases, targets, track, deliverTarget }: Services) {
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

  /** Writes down what the target is to have. */
  async function decide(project: ClaimedProject, { to, release: wanted, requester }: Request): Promise<TargetState> {
    const { name } = project;
    const target = promotedTarget(project, to);
    const hold = holdOf(project, new Date());
    if (hold) {
      throw new InvalidInputError(
        `Nothing was promoted. Releases of ${name} are ${describeHeld(hold)}. Promote it when the hold has ended.`,
      );
    }
    const source = sourceTarget(project, target);
    const current =
      wanted ?? (source ? (await targets.get(name, source))?.delivered[0]?.digest : project.released?.digest);
    if (!current) throw new InvalidInputError(`${source ?? name} has no release to promote yet.`);
    const release = await releaseNamed(name, current);
    const [state] = await requestTargets(track, project, release, {
      call: { type: 'promotion', by: requester },
      only: [target],
    });
    if (!state) throw new InvalidInputError(`${name} has no target ${target}.`);
    return state;
  }

  return async function promote(project: Project, request: Request): Promise<TargetState> {
    const { name } = project;
    // Checked first, so that a call for a target that does not exist takes no claim.
    promotedTarget(project, request.to);
    const holder = `promotion ${randomUUID()}`;
    const claimed = await claim(name, holder);
    const state = await decide(claimed, request).finally(() => projects.yieldRelease(name, holder));
    if (isUnderWay(state) || state.state === 'proposed') await deliverTarget(name, state.target);
    return state;
  };
}

interface CallServices {
  projects: Pick<Projects, 'get'>;
  promote: ReturnType<typeof createPromote>;
  siteUrl: string;
  logger: Logger;
}

/** Answers the signed call with what is wrong, or with the state of the target, which the reading calls return from then on. */
export function createAcceptPromotion({ projects, promote, siteUrl, logger }: CallServices) {
  return async function acceptPromotion(event: SignedCall): Promise<APIGatewayProxyStructuredResultV2> {
    const refuse = (refusal: Refusal) => refused(siteUrl, event.rawPath, refusal);
    const name = projectIn(event.pathParameters ?? {});
    if (name === undefined) return refuse(noSuchAddress);
    const body = promotion.body.safeParse(jsonOf(event));
    if (!body.success) return refuse(bodyRefusal(body.error.issues));
    const project = await projects.get(name);
    const refusal = projectRefusal(name, project);
    if (refusal || !project) return refuse(refusal ?? noSuchAddress);
    const { userArn } = event.requestContext.authorizer.iam;
    try {
      const state = await promote(project, { ...body.data, requester: callerName(userArn) });
      logger.info('A promotion was accepted', { project: name, target: state.target, by: userArn });
      return accepted(publicTarget(state));
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      return refuse({ status: 409, code: 'NotPromoted', detail: error.message });
    }
  };
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'promote' });
  const [projects, targets] = [openProjects(), openTargets()];
  const promote = createPromote({
    builds: openBuilds(),
    projects,
    releases: openReleases(),
    targets,
    track: createTrackTargets({ targets, logger }),
    deliverTarget: openDeliverTarget(),
  });
  return createAcceptPromotion({ projects, promote, siteUrl: siteUrl(), logger });
});

export function handler(event: SignedCall): Promise<APIGatewayProxyStructuredResultV2> {
  return run()(event);
}
