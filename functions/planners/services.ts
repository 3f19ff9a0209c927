import type { Logger } from '@aws-lambda-powertools/logger';
import type { StartBuild } from '../../services/build-starter.ts';
import type { Deliveries } from '../../services/deliveries.ts';
import type { IndexRepository } from '../../services/index-repository.ts';
import type { Mailer } from '../../services/mail.ts';
import type { Projects } from '../../services/projects.ts';
import type { Repositories } from '../../services/repositories.ts';
import type { headOf } from '../../services/source-host.ts';

/** Everything that planners talk to. */
export interface PlanServices {
  startBuild: StartBuild;
  projects: Projects;
  deliveries: Deliveries;
  repositories: Repositories;
  index: { name: string; source: string; ref: string; repository: IndexRepository };
  headOf: typeof headOf;
  mailer: Mailer;
  operators: string[];
  siteUrl: string;
  logger: Logger;
}
