import { Duration } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { redelivery } from '../core/api/notifications.ts';
import { eventSource } from '../core/published-events/published-event.ts';
import type { Api } from './api.ts';
import type { GitHost } from './git-host.ts';
import type { Grantee } from './permissions.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import type { Secrets } from './secrets.ts';
import type { State } from './state.ts';

interface UrlNotificationsProps {
  api: Api;
  gitHost: GitHost;
  secrets: Secrets;
  state: State;
}

/** Posts the published events to the addresses that entries of the index name, and tries again what these do not take. */
export class UrlNotifications extends Construct {
  readonly #props: UrlNotificationsProps;

  constructor(scope: Construct, id: string, props: UrlNotificationsProps) {
    super(scope, id);
    this.#props = props;
    const { api, state } = props;

    const notifyUrls = new PipelineFunction(this, 'NotifyUrls', {
      description: 'Posts events to the addresses that the entries of projects name.',
      timeout: Duration.minutes(4),
      memoryMegabytes: 512,
    });
    this.#grantPost(notifyUrls);
    state.projects.grant(notifyUrls, 'GetItem');
    new Rule(this, 'Published', {
      description: 'Has addresses notified of releases, rollbacks, holds, and builds that were blocked or failed.',
      eventPattern: { source: [eventSource] },
      targets: [new LambdaFunction(notifyUrls.function)],
    });

    const retryUrlNotifications = new ScheduledFunction(this, 'RetryUrlNotifications', {
      description: 'Posts again what addresses did not take.',
      rate: Duration.minutes(5),
      timeout: Duration.minutes(4),
      memoryMegabytes: 512,
      stopped: { name: 'NotificationsStopped', what: 'run that posts again what addresses did not take' },
    });
    this.#grantPost(retryUrlNotifications);
    state.urlNotifications.grantQuery(retryUrlNotifications, 'byDueTime');

    const redeliver = new PipelineFunction(this, 'Redeliver', {
      description: 'Posts again what an address did not take, by a signed call.',
      // API Gateway waits no longer than 30 seconds.
      timeout: Duration.seconds(29),
      memoryMegabytes: 512,
    });
    this.#grantPost(redeliver);
    state.urlNotifications.grant(redeliver, 'GetItem');
    state.projects.grant(redeliver, 'GetItem');
    api.signedRoute(HttpMethod.POST, redelivery.path, redeliver.function);
  }

  #grantPost(grantee: Grantee): void {
    const { api, gitHost, secrets, state } = this.#props;
    state.urlNotifications.grant(grantee, 'PutItem');
    secrets.grantReadWebhook(grantee);
    secrets.grantReadNotifyUrls(grantee);
    gitHost.grantFetch(grantee);
    api.grantLink(grantee);
  }
}
