import type { Logger } from '@aws-lambda-powertools/logger';
import type { BuildStarter, StartBuild, StartRebuild } from '../../services/build-starter.ts';
import type { Builds } from '../../services/builds.ts';
import type { Cascades } from '../../services/cascades.ts';
import type { CommitStatuses } from '../../services/commit-statuses.ts';
import type { Deliveries } from '../../services/deliveries.ts';
import type { Dependents } from '../../services/dependents.ts';
import type { GithubApi } from '../../services/github-api.ts';
import type { Heads } from '../../services/heads.ts';
import type { IndexRepository } from '../../services/index-repository.ts';
import type { Mailer } from '../../services/mail.ts';
import type { Projects } from '../../services/projects.ts';
import type { Rebuilds } from '../../services/rebuilds.ts';
import type { Repositories } from '../../services/repositories.ts';
import type { HeadOf } from '../../services/source-host.ts';
import type { Triggers } from '../../services/triggers.ts';

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
