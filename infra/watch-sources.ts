import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Api } from './api.ts';
import type { GitHost } from './git-host.ts';
import type { Notifications } from './notifications.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

interface WatchSourcesProps {
  api: Api;
  gitHost: GitHost;
  notifications: Notifications;
  state: State;
  triggers: Triggers;
}

const rate = Duration.minutes(10);

/** Queries the repositories themselves for changes that no webhook reported. */
export class WatchSources extends ScheduledFunction {
  constructor(scope: Construct, { api, gitHost, notifications, state, triggers }: WatchSourcesProps) {
    super(scope, 'WatchSources', {
      description: 'Queries the branches and tags of every repository, and triggers builds of heads that have none.',
      rate,
      // It ends before the next run begins, and what it did not reach comes first then.
      timeout: rate.minus(Duration.minutes(1)),
      memoryMegabytes: 1024,
      stopped: { name: 'SourcesUnwatched', what: 'check of the repositories for new commits' },
    });
    state.projects.grant(this, 'Scan');
    state.heads.grant(this, 'BatchGetItem');
    state.deliveries.grant(this, 'GetItem');
    state.sources.grant(this, 'Scan', 'PutItem', 'DeleteItem');
    triggers.grantSend(this, ['source-moved']);
    gitHost.grantFollowIndex(this);
    gitHost.grantFetchSources(this);
    // A mail about a source that cannot be read.
    notifications.grantSend(this);
    gitHost.grantIndexLink(this);
    api.grantLink(this);
  }
}
