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

/** Notifies people a week before a waiver of the index for their project expires, and once more when it has expired. */
export class WaiverWarnings extends Construct {
  readonly function: PipelineFunction;
  readonly rule: RegularRun;

  constructor(scope: Construct, id: string, props: WaiverWarningsProps) {
    super(scope, id);
    const { api, gitHost, notifications, state } = props;
    this.function = new PipelineFunction(this, 'WarnWaivers', {
      description: 'Mails the people of projects whose exceptions expire.',
      timeout: Duration.minutes(15),
      memoryMegabytes: 512,
    });
    state.projects.grant(this.function, 'UpdateItem');
    state.projects.grantQuery(this.function, 'byWaiverExpiry');
    notifications.grantSend(this.function);
    gitHost.grantIndexLink(this.function);
    api.grantLink(this.function);
    this.rule = new RegularRun(this, 'Rule', {
      description: 'Starts the search for exceptions that expire.',
      function: this.function,
      rate: Duration.days(1),
    });
  }
}
