import type { Logger } from '@aws-lambda-powertools/logger';
import type { Triggers } from '../../services/aws/triggers.ts';
import type { CommitStatuses } from '../../services/git-host/commit-statuses.ts';
import type { HeadOf } from '../../services/git-host/git-remote.ts';
import type { GithubApi } from '../../services/git-host/github-api.ts';
import type { IndexRepository } from '../../services/git-host/index-repository.ts';
import type { Mailer } from '../../services/mail/mailer.ts';
import type { Repositories } from '../../services/registry/repositories.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Cascades } from '../../services/tables/cascades.ts';
import type { Deliveries } from '../../services/tables/deliveries.ts';
import type { Dependents } from '../../services/tables/dependents.ts';
import type { Heads } from '../../services/tables/heads.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import type { BuildStarter, StartBuild, StartRebuild } from '../builds/start-build.ts';

/** Everything that planners talk to. */
export interface PlanServices {
  startBuild: StartBuild;
  startRebuild: StartRebuild;
  /** Notes a head that calls for no build. */
  passOver: BuildStarter['passOver'];
  cancelBuild: BuildStarter['cancelBuild'];
  builds: Builds;
  cascades: Cascades;
  dependents: Dependents;
  rebuilds: Rebuilds;
  triggers: Pick<Triggers, 'sendBatch'>;
  heads: Heads;
  projects: Projects;
  deliveries: Deliveries;
  repositories: Repositories;
  index: {
    name: string;
    url: string;
    source: string;
    ref: string;
    repository: IndexRepository;
    /** Hosts that entries may name although they are private. */
    allowedHosts: string[];
  };
  headOf: HeadOf;
  github: GithubApi;
  statuses: Pick<CommitStatuses, 'setForPullRequest'>;
  mailer: Mailer;
  operators: string[];
  siteUrl: string;
  logger: Logger;
}
