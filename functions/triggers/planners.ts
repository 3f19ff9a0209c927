import type { Logger } from '@aws-lambda-powertools/logger';
import type { Recipient } from '../../core/mail/content.ts';
import { type Platform, platformSchema } from '../../core/model/platform.ts';
import { type MissingSecrets, openMissingSecrets } from '../../services/aws/build-secrets.ts';
import { type EventBus, openEventBus } from '../../services/aws/event-bus.ts';
import { openTriggers, type Triggers } from '../../services/aws/triggers.ts';
import { listVariable, siteUrl, variable } from '../../services/environment.ts';
import { type CommitStatuses, openCommitStatuses } from '../../services/git-host/commit-statuses.ts';
import { openSourceHost, type SourceHost } from '../../services/git-host/git-remote.ts';
import { openGitHosts } from '../../services/git-host/host-tokens.ts';
import type { GitHosts } from '../../services/git-host/hosts.ts';
import { indexAddress } from '../../services/git-host/index-address.ts';
import { openIndexAuthorization } from '../../services/git-host/index-authorization.ts';
import { type IndexRepository, openIndexRepository } from '../../services/git-host/index-repository.ts';
import { openProjectSources, type ProjectSources } from '../../services/git-host/project-sources.ts';
import { type Mailer, openMailer } from '../../services/mail/mailer.ts';
import { type Builds, openBuilds } from '../../services/tables/builds.ts';
import { type Cascades, openCascades } from '../../services/tables/cascades.ts';
import { type Dependents, openDependents } from '../../services/tables/dependents.ts';
import { type Heads, openHeads } from '../../services/tables/heads.ts';
import { type Holds, openHolds } from '../../services/tables/holds.ts';
import { type IndexHeads, openIndexHead } from '../../services/tables/index-head.ts';
import { type OwnCommits, openOwnCommits } from '../../services/tables/own-commits.ts';
import { openProjectProblems, type ProjectProblems } from '../../services/tables/project-problems.ts';
import { openProjects, type Projects } from '../../services/tables/projects.ts';
import { openRebuilds, type Rebuilds } from '../../services/tables/rebuilds.ts';
import { openReleases, type Releases } from '../../services/tables/releases.ts';
import { createPlanRefs } from '../builds/plan-refs.ts';
import { createPullRequestBuilds } from '../builds/pull-request-builds.ts';
import { type BuildStarter, openBuildStarter } from '../builds/start-build.ts';
import { createAdvanceMember } from '../cascade/advance-member.ts';
import { createAnnounce } from '../cascade/announce.ts';
import { createAnnounceEnd } from '../cascade/announce-release.ts';
import { createNotifyHold } from '../holds/notify-hold.ts';
import { createReleaseHeld } from '../holds/release-held.ts';
import { createApplyIndex } from '../index/apply-index.ts';
import { createCheckIndexPullRequest } from '../index/check-pull-request.ts';
import { openRecipients, type Recipients } from '../mail/recipients.ts';
import { createFollowHost } from '../sources/follow-host.ts';
import { createPathFilter } from '../sources/path-filter.ts';
import { createApprovalPlanner } from './approval.ts';
import { createBasesChangedPlanner } from './bases-changed.ts';
import { createBuildEndedPlanner } from './build-ended.ts';
import { createCancelPlanner } from './cancel.ts';
import { createCancelCascadePlanner } from './cancel-cascade.ts';
import { createCascadeStepPlanner } from './cascade-step.ts';
import { createHoldPlanner } from './hold.ts';
import { createManualPlanner } from './manual.ts';
import { createPackagesChangedPlanner } from './packages-changed.ts';
import type { Planners } from './planner.ts';
import { createPullRequestPlanner } from './pull-request.ts';
import { createPushPlanner } from './push.ts';
import { createRerunPlanner } from './rerun.ts';
import { createRollbackPlanner } from './rollback.ts';
import { createSchedulePlanner } from './schedule.ts';
import { createSourceMovedPlanner } from './source-moved.ts';
import { createUnholdPlanner } from './unhold.ts';

/** The services of all planners, except those that `createPlanners` makes from these. */
interface Services
  extends Pick<BuildStarter, 'startAfter' | 'startBuild' | 'startRebuild' | 'resume' | 'resumeHead' | 'cancelBuild'> {
  builds: Builds;
  cascades: Cascades;
  dependents: Dependents;
  heads: Heads;
  holds: Holds;
  ownCommits: Pick<OwnCommits, 'parentOf'>;
  indexHead: IndexHeads;
  projects: Projects;
  problems: ProjectProblems;
  rebuilds: Rebuilds;
  releases: Pick<Releases, 'get'>;
  triggers: Pick<Triggers, 'send' | 'sendBatch'>;
  eventBus: Pick<EventBus, 'publish'>;
  index: ReturnType<typeof indexAddress> & {
    repository: IndexRepository;
    authorization(): Promise<string | undefined>;
    allowedHosts: string[];
    mostRecipients: number;
  };
  headOf: SourceHost['headOf'];
  missingSecrets: MissingSecrets;
  platform: Platform;
  commitsAt: SourceHost['commitsAt'];
  repositoryAt: GitHosts['repositoryAt'];
  projectSources: Pick<ProjectSources, 'commitsAt' | 'headOf'>;
  statuses: Pick<CommitStatuses, 'setForPullRequest'>;
  mailer: Mailer;
  recipients: Recipients;
  operators: Recipient[];
  siteUrl: string;
  logger: Logger;
}

/** The planner of each type of trigger. What several of them need is made once. */
export function createPlanners(services: Services): Planners {
  const announce = createAnnounce(services);
  const announceEnd = createAnnounceEnd({ ...services, announce });
  const members = createAdvanceMember({ ...services, announceEnd });
  const paths = createPathFilter(services);
  const followHost = createFollowHost(services);
  const planRefs = createPlanRefs({ ...services, paths, followHost });
  const pullRequests = createPullRequestBuilds({ ...services, paths });
  const applyIndex = createApplyIndex({ ...services, announce });
  const checkIndexPullRequest = createCheckIndexPullRequest(services);
  const notifyHold = createNotifyHold(services);
  const planApproval = createApprovalPlanner({ ...services, pullRequests, followHost });
  const planManual = createManualPlanner({ ...services, followHost });
  return {
    push: createPushPlanner({ ...services, planRefs, applyIndex }),
    'pull-request': createPullRequestPlanner({ ...services, pullRequests, followHost, checkIndexPullRequest }),
    approval: planApproval,
    rerun: createRerunPlanner({ ...services, planApproval, planManual }),
    'source-moved': createSourceMovedPlanner({ ...services, planRefs, applyIndex }),
    'bases-changed': createBasesChangedPlanner({ ...services, announce }),
    'packages-changed': createPackagesChangedPlanner({ announce }),
    schedule: createSchedulePlanner(services),
    manual: planManual,
    rollback: createRollbackPlanner(services),
    hold: createHoldPlanner({ ...services, notifyHold }),
    unhold: createUnholdPlanner({ ...services, releaseHeld: createReleaseHeld(services), notifyHold }),
    cancel: createCancelPlanner(services),
    'cancel-cascade': createCancelCascadePlanner(services),
    'build-ended': createBuildEndedPlanner({ ...services, announceEnd, members }),
    'cascade-step': createCascadeStepPlanner({ members }),
  };
}

export function openPlanners(logger: Logger): Planners {
  return createPlanners({
    ...openBuildStarter(logger),
    builds: openBuilds(),
    cascades: openCascades(),
    dependents: openDependents(),
    heads: openHeads(),
    holds: openHolds(),
    ownCommits: openOwnCommits(),
    indexHead: openIndexHead(),
    projects: openProjects(),
    problems: openProjectProblems(),
    rebuilds: openRebuilds(),
    releases: openReleases(),
    triggers: openTriggers(),
    eventBus: openEventBus(),
    index: {
      ...indexAddress(),
      repository: openIndexRepository(),
      authorization: openIndexAuthorization(),
      allowedHosts: listVariable('PRIVATE_HOSTS'),
      mostRecipients: Number(variable('MOST_RECIPIENTS')),
    },
    ...openSourceHost(),
    missingSecrets: openMissingSecrets(),
    platform: platformSchema.parse(variable('PLATFORM')),
    projectSources: openProjectSources(),
    ...openGitHosts(),
    statuses: openCommitStatuses(),
    mailer: openMailer(),
    recipients: openRecipients(logger),
    operators: listVariable('OPERATORS').map((address) => ({ address })),
    siteUrl: siteUrl(),
    logger,
  });
}
