import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { GitHost } from './git-host.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { RegularRun } from './regular-run.ts';
import type { Repositories } from './repositories.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

interface BaseWatchProps {
  gitHost: GitHost;
  repositories: Repositories;
  state: State;
  triggers: Triggers;
}

const rate = Duration.minutes(5);

/** Checks whether the images that projects depend on are still the same. */
export class BaseWatch extends Construct {
  readonly function: PipelineFunction;
  readonly rule: RegularRun;

  constructor(scope: Construct, id: string, props: BaseWatchProps) {
    super(scope, id);
    const { gitHost, repositories, state, triggers } = props;
    this.function = new PipelineFunction(this, 'WatchBases', {
      description:
        'Checks whether the images that projects depend on have changed, and triggers builds where they have.',
      // It ends before the next run begins, and what it did not reach comes first then.
      timeout: rate.minus(Duration.seconds(30)),
      memoryMegabytes: 512,
    });
    state.bases.grant(this.function, 'Scan', 'UpdateItem', 'DeleteItem');
    state.dependents.grant(this.function, 'Scan');
    state.projects.grant(this.function, 'GetItem');
    repositories.grantLook(this.function);
    triggers.grantSend(this.function);
    gitHost.grantFetch(this.function);
    this.rule = new RegularRun(this, 'Rule', {
      description: 'Starts the check of the images that projects depend on.',
      function: this.function,
      rate,
    });
  }
}
