import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import type { Records } from './records.ts';
import type { Repositories } from './repositories.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import type { State } from './state.ts';

interface ExpireImagesProps {
  config: Config['retention'];
  records: Records;
  repositories: Repositories;
  state: State;
}

/** Deletes the released images that nothing needs any more. No other function may delete an image. */
export class ExpireImages extends ScheduledFunction {
  constructor(scope: Construct, { config, records, repositories, state }: ExpireImagesProps) {
    super(scope, 'ExpireImages', {
      description: 'Deletes the released images that have expired.',
      rate: Duration.days(1),
      timeout: Duration.minutes(15),
      memoryMegabytes: 1024,
      stopped: { name: 'ImagesNotExpired', what: 'search for released images that have expired' },
    });
    this.setVariable('RETENTION', JSON.stringify(config.releases));
    // With the claim on a project's tags.
    state.projects.grant(this, 'Scan', 'GetItem', 'UpdateItem');
    state.releases.grant(this, 'Query', 'UpdateItem');
    state.targets.grant(this, 'Query');
    records.grantWrite(this, 'retention');
    repositories.grantExpire(this, config.releases.expired);
  }
}
