import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { GitHost } from './git-host.ts';
import type { Records } from './records.ts';
import type { Repositories } from './repositories.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

interface WatchPackagesProps {
  gitHost: GitHost;
  records: Records;
  repositories: Repositories;
  state: State;
  triggers: Triggers;
}

/** Queries the distributions for updates of packages in released images. */
export class WatchPackages extends ScheduledFunction {
  constructor(scope: Construct, { gitHost, records, repositories, state, triggers }: WatchPackagesProps) {
    super(scope, 'WatchPackages', {
      description: 'Queries distributions for updates of packages in released images, and triggers rebuilds.',
      rate: Duration.days(1),
      timeout: Duration.minutes(15),
      // The package lists of a dozen distributions are in memory at once, and to unpack them takes a whole processor.
      memoryMegabytes: 2048,
      stopped: { name: 'PackagesUnwatched', what: 'check for updates from the distributions' },
    });
    state.projects.grant(this, 'Scan', 'UpdateItem');
    records.grantRead(this, 'packages', 'repositories');
    records.grantWrite(this, 'packages', 'repositories');
    repositories.grantNames(this);
    triggers.grantSend(this, ['packages-changed']);
    gitHost.grantFetch(this);
  }
}
