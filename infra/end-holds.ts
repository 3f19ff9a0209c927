import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ScheduledFunction } from './scheduled-function.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

/** Ends holds whose last day has passed. From then on a hold is no longer in force; this releases what it has kept back. */
export class EndHolds extends ScheduledFunction {
  constructor(scope: Construct, { state, triggers }: { state: State; triggers: Triggers }) {
    super(scope, 'EndHolds', {
      description: 'Ends the holds whose last day has passed.',
      rate: Duration.minutes(15),
      timeout: Duration.minutes(4),
      memoryMegabytes: 512,
      stopped: { name: 'HoldsNotEnded', what: 'check for holds whose last day has passed' },
    });
    state.releases.grant(this, 'UpdateItem');
    state.releases.grantQuery(this, 'byDueTime');
    triggers.grantSend(this, ['unhold']);
  }
}
