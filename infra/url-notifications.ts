import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { eventSource } from '../core/published-events/published-event.ts';
import type { Api } from './api.ts';
import type { GitHost } from './git-host.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { ScheduledFunction } from './scheduled-function.ts';
import type { Secrets } from './secrets.ts';
import type { State } from './state.ts';

interface UrlNotificationsProps {
  api: Api;
  gitHost: GitHost;
  /** What tries deliveries to targets again, whose schedule is that of notifications too. */
  retries: ScheduledFunction;
  secrets: Secrets;
  state: State;
}

/** Posts the published events to the addresses that entries of the index name, and tries again what these do not take. */
export class UrlNotifications extends Construct {
  constructor(scope: Construct, id: string, { api, gitHost, retries, secrets, state }: UrlNotificationsProps) {
    super(scope, id);
    const notifyUrls = new PipelineFunction(this, 'NotifyUrls', {
      description: 'Posts events to the addresses that the entries of projects name.',
      // A run ends before the next begins.
      timeout: retries.rate.minus(Duration.minutes(1)),
      memoryMegabytes: 512,
    });
    state.projects.grant(notifyUrls, 'GetItem');
    state.urlNotifications.grant(notifyUrls, 'PutItem');
    state.urlNotifications.grantQuery(notifyUrls, 'byDueTime');
    secrets.grantReadWebhook(notifyUrls);
    secrets.grantReadNotifyUrls(notifyUrls);
    gitHost.grantFetch(notifyUrls);
    api.grantLink(notifyUrls);

    new Rule(this, 'Published', {
      description: 'Has addresses notified of releases, rollbacks, holds, and builds that were blocked or failed.',
      eventPattern: { source: [eventSource] },
      targets: [new LambdaFunction(notifyUrls.function)],
    });
    // What one run could not do the next makes good.
    retries.rule.addTarget(new LambdaFunction(notifyUrls.function, { maxEventAge: retries.rate, retryAttempts: 0 }));
  }
}
