import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Config } from './config.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Records } from './records.ts';
import { RegularRun } from './regular-run.ts';
import type { Repositories } from './repositories.ts';
import type { State } from './state.ts';

interface RetentionProps {
  config: Config['retention'];
  records: Records;
  repositories: Repositories;
  state: State;
}

/** Deletes the released images that nothing needs any more. No other function may delete an image. */
export class Retention extends Construct {
  readonly function: PipelineFunction;
  readonly rule: RegularRun;

  constructor(scope: Construct, id: string, { config, records, repositories, state }: RetentionProps) {
    super(scope, id);
    this.function = new PipelineFunction(this, 'ExpireImages', {
      description: 'Deletes the released images that have expired.',
      timeout: Duration.minutes(15),
      memoryMegabytes: 1024,
    });
    this.function.setVariable('RETENTION', JSON.stringify(config.releases));
    // With the claim on a project's tags.
    state.projects.grant(this.function, 'Scan', 'GetItem', 'UpdateItem');
    state.releases.grant(this.function, 'Query', 'UpdateItem');
    state.targets.grant(this.function, 'Query');
    records.grantWrite(this.function, 'retention');
    repositories.grantExpire(this.function);
    this.rule = new RegularRun(this, 'Rule', {
      description: 'Starts the search for released images that have expired.',
      function: this.function,
      rate: Duration.days(1),
    });
  }
}
