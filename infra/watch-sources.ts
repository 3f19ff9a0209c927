import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { GitHost } from './git-host.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { RegularRun } from './regular-run.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

interface SourceWatchProps {
  gitHost: GitHost;
  state: State;
  triggers: Triggers;
}

const rate = Duration.minutes(10);

/** Queries the repositories themselves for changes that no webhook reported. */
export class SourceWatch extends Construct {
  readonly function: PipelineFunction;
  readonly rule: RegularRun;

  constructor(scope: Construct, id: string, { gitHost, state, triggers }: SourceWatchProps) {
    super(scope, id);
    this.function = new PipelineFunction(this, 'WatchSources', {
      description: 'Queries the branches and tags of every repository, and triggers builds of heads that have none.',
      // It ends before the next run begins, and what it did not reach comes first then.
      timeout: rate.minus(Duration.minutes(1)),
      memoryMegabytes: 1024,
    });
    state.projects.grant(this.function, 'Scan');
    state.heads.grant(this.function, 'BatchGetItem');
    state.deliveries.grant(this.function, 'GetItem');
    state.sources.grant(this.function, 'Scan', 'PutItem', 'DeleteItem');
    triggers.grantSend(this.function);
    gitHost.grantFollowIndex(this.function);
    gitHost.grantFetch(this.function);
    this.rule = new RegularRun(this, 'Rule', {
      description: 'Starts the check of the repositories for new commits.',
      function: this.function,
      rate,
    });
  }
}
