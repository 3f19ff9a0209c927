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

/** Asks the repositories themselves for what no webhook told of. */
export class SourceWatch extends Construct {
  readonly function: PipelineFunction;
  readonly rule: RegularRun;

  constructor(scope: Construct, id: string, { gitHost, state, triggers }: SourceWatchProps) {
    super(scope, id);
    this.function = new PipelineFunction(this, 'WatchSources', {
      description: 'Asks every repository where its branches and tags are, and calls for builds of what has none.',
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
    this.rule = new RegularRun(this, {
      description: 'The repositories are asked where they are.',
      function: this.function,
      rate,
    });
  }
}
