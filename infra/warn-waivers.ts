import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Api } from './api.ts';
import type { GitHost } from './git-host.ts';
import type { Notifications } from './notifications.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { RegularRun } from './regular-run.ts';
import type { State } from './state.ts';

interface WaiverWarningsProps {
  api: Api;
  gitHost: GitHost;
  notifications: Notifications;
  state: State;
}

/** Tells people, a week before, that what the index accepts for their project ends, and once more when it has ended. */
export class WaiverWarnings extends Construct {
  readonly function: PipelineFunction;
  readonly rule: RegularRun;

  constructor(scope: Construct, id: string, props: WaiverWarningsProps) {
    super(scope, id);
    const { api, gitHost, notifications, state } = props;
    this.function = new PipelineFunction(this, 'WarnWaivers', {
      description: 'Mails the people of projects whose exceptions end.',
      timeout: Duration.minutes(15),
      memoryMegabytes: 512,
    });
    state.projects.grant(this.function, 'UpdateItem');
    state.projects.grantQuery(this.function, 'byWaiverExpiry');
    notifications.grantSend(this.function);
    gitHost.grantIndexLink(this.function);
    api.grantLink(this.function);
    this.rule = new RegularRun(this, {
      description: 'Exceptions that end are looked for.',
      function: this.function,
      rate: Duration.days(1),
    });
  }
}
