import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ScheduledFunction } from './scheduled-function.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

/** Calls for the builds that entries of the index want at certain hours: one rule for all of them, for they are data. */
export class RunSchedules extends ScheduledFunction {
  constructor(scope: Construct, { state, triggers }: { state: State; triggers: Triggers }) {
    super(scope, 'RunSchedules', {
      description: 'Triggers the scheduled builds that are due.',
      rate: Duration.minutes(5),
      timeout: Duration.minutes(4),
      memoryMegabytes: 512,
      stopped: { name: 'SchedulesStopped', what: 'run that triggers scheduled builds' },
    });
    state.projects.grant(this, 'UpdateItem');
    state.projects.grantQuery(this, 'byDueTime');
    triggers.grantSend(this, ['schedule']);
  }
}
