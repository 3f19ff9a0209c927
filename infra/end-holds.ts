import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { PipelineFunction } from './pipeline-function.ts';
import { RegularRun } from './regular-run.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

/** Ends holds whose last day has passed. A hold counts no more from then on; this releases what it has kept back. */
export class HoldEnds extends Construct {
  readonly function: PipelineFunction;
  readonly rule: RegularRun;

  constructor(scope: Construct, id: string, { state, triggers }: { state: State; triggers: Triggers }) {
    super(scope, id);
    this.function = new PipelineFunction(this, 'EndHolds', {
      description: 'Ends the holds whose last day has passed.',
      timeout: Duration.minutes(4),
      memoryMegabytes: 512,
    });
    state.releases.grant(this.function, 'UpdateItem');
    state.releases.grantQuery(this.function, 'byDueTime');
    triggers.grantSend(this.function);
    this.rule = new RegularRun(this, 'Rule', {
      description: 'Starts the search for holds whose last day has passed.',
      function: this.function,
      rate: Duration.minutes(15),
    });
  }
}
