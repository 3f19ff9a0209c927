import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Api } from './api.ts';
import type { GitHost } from './git-host.ts';
import type { Notifications } from './notifications.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import type { State } from './state.ts';

interface WarnWaiversProps {
  api: Api;
  gitHost: GitHost;
  notifications: Notifications;
  state: State;
}

/** Notifies people a week before a waiver of the index for their project expires, and once more when it has expired. */
export class WarnWaivers extends ScheduledFunction {
  constructor(scope: Construct, { api, gitHost, notifications, state }: WarnWaiversProps) {
    super(scope, 'WarnWaivers', {
      description: 'Mails the people of projects whose waivers expire.',
      rate: Duration.days(1),
      timeout: Duration.minutes(15),
      memoryMegabytes: 512,
      stopped: { name: 'WaiversUnwatched', what: 'run that notifies people of waivers that expire' },
    });
    state.projects.grant(this, 'UpdateItem');
    state.projects.grantQuery(this, 'byWaiverExpiry');
    notifications.grantSend(this);
    gitHost.grantIndexLink(this);
    api.grantLink(this);
  }
}
