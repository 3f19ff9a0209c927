import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { GitHost } from './git-host.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Records } from './records.ts';
import { RegularRun } from './regular-run.ts';
import type { Repositories } from './repositories.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

interface PackageWatchProps {
  gitHost: GitHost;
  records: Records;
  repositories: Repositories;
  state: State;
  triggers: Triggers;
}

/** Queries the distributions for updates of packages in released images. */
export class PackageWatch extends Construct {
  readonly function: PipelineFunction;
  readonly rule: RegularRun;

  constructor(scope: Construct, id: string, props: PackageWatchProps) {
    super(scope, id);
    const { gitHost, records, repositories, state, triggers } = props;
    this.function = new PipelineFunction(this, 'WatchPackages', {
      description: 'Queries distributions for updates of packages in released images, and triggers rebuilds.',
      timeout: Duration.minutes(15),
      // The package lists of a dozen distributions are in memory at once, and to unpack them takes a whole processor.
      memoryMegabytes: 2048,
    });
    state.projects.grant(this.function, 'Scan', 'UpdateItem');
    records.grantRead(this.function, 'packages', 'repositories');
    records.grantWrite(this.function, 'packages', 'repositories');
    repositories.grantNames(this.function);
    triggers.grantSend(this.function);
    gitHost.grantFetch(this.function);
    this.rule = new RegularRun(this, 'Rule', {
      description: 'Starts the check of the packages of released images.',
      function: this.function,
      rate: Duration.days(1),
    });
  }
}
