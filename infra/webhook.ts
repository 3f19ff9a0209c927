import { Duration } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { Construct } from 'constructs';
import type { Api } from './api.ts';
import type { Config } from './config.ts';
import type { GitHost } from './git-host.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Secrets } from './secrets.ts';
import type { Triggers } from './triggers.ts';

const webhooksPath = '/webhooks';
export const webhookPath = `${webhooksPath}/{kind}`;

interface WebhookProps {
  api: Api;
  config: Config['webhook'];
  gitHost: GitHost;
  secrets: Secrets;
  triggers: Triggers;
}

/** Takes the deliveries of the git hosts, each kind in its own form, proves that they are genuine and puts them into the queue. */
export class Webhook extends Construct {
  readonly receiver: PipelineFunction;
  /** To which the kind of the git host is added: `…/webhooks/github`. */
  readonly url: string;

  constructor(scope: Construct, id: string, { api, config, gitHost, secrets, triggers }: WebhookProps) {
    super(scope, id);
    this.receiver = new PipelineFunction(this, 'Webhook', {
      description: 'Verifies, normalises and enqueues a delivery of the git host.',
      // GitHub and GitLab hang up after 10 seconds, Forgejo after 5; none tries again at once.
      // https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks
      timeout: Duration.seconds(9),
      // For the share of a processor: the start of a new instance counts against those seconds too.
      memoryMegabytes: 1024,
      reservedConcurrency: config.reservedConcurrency,
    });
    secrets.grantReadWebhook(this.receiver);
    // The events of the index are signed with a secret of their own.
    gitHost.grantIndexLink(this.receiver);
    gitHost.grantAddresses(this.receiver);
    triggers.grantSend(this.receiver, ['push', 'pull-request', 'approval', 'rerun']);
    api.route(HttpMethod.POST, webhookPath, {
      handler: this.receiver.function,
      reason:
        'A delivery proves itself by the signature that the function checks; the git host knows no other authorisation.',
    });
    this.url = `${api.http.apiEndpoint}${webhooksPath}`;
  }
}
