import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { PipelineFunction } from './pipeline-function.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

interface ScheduledBuildsProps {
  state: State;
  triggers: Triggers;
  logRetention: RetentionDays;
}

const rate = Duration.minutes(5);

/** Calls for the builds that entries of the index want at certain hours: one rule for all of them, for they are data. */
export class ScheduledBuilds extends Construct {
  readonly function: PipelineFunction;
  readonly rule: Rule;

  constructor(scope: Construct, id: string, { state, triggers, logRetention }: ScheduledBuildsProps) {
    super(scope, id);
    this.function = new PipelineFunction(this, 'RunSchedules', {
      description: 'Calls for the builds whose hour has come.',
      timeout: Duration.minutes(4),
      memoryMegabytes: 512,
      logRetention,
    });
    state.projects.grant(this.function, 'UpdateItem');
    state.projects.grantQuery(this.function, 'byDueTime');
    triggers.grantSend(this.function);
    this.rule = new Rule(this, 'Rule', {
      description: 'The projects are looked for whose hour has come.',
      schedule: Schedule.rate(rate),
      // The next run makes good what this one could not.
      targets: [new LambdaFunction(this.function.function, { maxEventAge: rate, retryAttempts: 0 })],
    });
  }
}
