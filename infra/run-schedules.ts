import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { PipelineFunction } from './pipeline-function.ts';
import { RegularRun } from './regular-run.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

interface ScheduledBuildsProps {
  state: State;
  triggers: Triggers;
}

const rate = Duration.minutes(5);

/** Calls for the builds that entries of the index want at certain hours: one rule for all of them, for they are data. */
export class ScheduledBuilds extends Construct {
  readonly function: PipelineFunction;
  readonly rule: RegularRun;

  constructor(scope: Construct, id: string, { state, triggers }: ScheduledBuildsProps) {
    super(scope, id);
    this.function = new PipelineFunction(this, 'RunSchedules', {
      description: 'Triggers the scheduled builds that are due.',
      timeout: Duration.minutes(4),
      memoryMegabytes: 512,
    });
    state.projects.grant(this.function, 'UpdateItem');
    state.projects.grantQuery(this.function, 'byDueTime');
    triggers.grantSend(this.function);
    this.rule = new RegularRun(this, 'Rule', {
      description: 'Starts the search for projects whose scheduled build is due.',
      function: this.function,
      rate,
    });
  }
}
