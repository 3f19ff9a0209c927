import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { GitHost } from './git-host.ts';
import type { Repositories } from './repositories.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import type { Secrets } from './secrets.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

interface WatchBasesProps {
  gitHost: GitHost;
  repositories: Repositories;
  secrets: Secrets;
  state: State;
  triggers: Triggers;
}

const rate = Duration.minutes(5);

/** Checks whether the images that projects depend on are still the same. */
export class WatchBases extends ScheduledFunction {
  constructor(scope: Construct, { gitHost, repositories, secrets, state, triggers }: WatchBasesProps) {
    super(scope, 'WatchBases', {
      description:
        'Checks whether the images that projects depend on have changed, and triggers builds where they have.',
      rate,
      // It ends before the next run begins, and what it did not reach comes first then.
      timeout: rate.minus(Duration.seconds(30)),
      memoryMegabytes: 512,
      stopped: { name: 'BasesUnwatched', what: 'check for changed base images' },
    });
    state.bases.grant(this, 'Scan', 'UpdateItem', 'DeleteItem');
    state.dependents.grant(this, 'Scan');
    state.projects.grant(this, 'GetItem');
    repositories.grantLook(this);
    secrets.grantReadPullCredentials(this);
    triggers.grantSend(this, ['bases-changed']);
    gitHost.grantFetch(this);
  }
}
