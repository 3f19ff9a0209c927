import { Duration } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { Construct } from 'constructs';
import { promotion } from '../core/api/promotion.ts';
import { ownCommitPrefix } from '../services/tables/own-commits.ts';
import type { Api } from './api.ts';
import type { Config } from './config.ts';
import type { GitHost } from './git-host.ts';
import type { Notifications } from './notifications.ts';
import { allow, type Grantee } from './permissions.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Repositories } from './repositories.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import type { Secrets } from './secrets.ts';
import type { ServiceRollouts } from './service-rollouts.ts';
import type { Signing } from './signing.ts';
import type { State } from './state.ts';

interface DeliveryProps {
  api: Api;
  /** Absent where commits are not signed. */
  commitSigning: Signing | undefined;
  config: Config;
  /** The roles that push copies to other registries of ECR. */
  copyRoles: string[];
  gitHost: GitHost;
  notifications: Notifications;
  repositories: Repositories;
  rollouts: ServiceRollouts;
  secrets: Secrets;
  state: State;
}

/** Each repository of manifests may take minutes where its host does not answer. */
const timeout = Duration.minutes(15);

/** Brings releases to the targets outside of the pipeline, and tries again what does not get there. */
export class Delivery extends Construct {
  /** The state `Deliver` runs it. */
  readonly deliver: PipelineFunction;
  readonly copyReleases: PipelineFunction;
  readonly #props: DeliveryProps;

  constructor(scope: Construct, id: string, props: DeliveryProps) {
    super(scope, id);
    this.#props = props;
    const { api, copyRoles, gitHost, repositories, secrets, state } = props;

    this.copyReleases = new PipelineFunction(this, 'CopyReleases', {
      description: 'Copies releases to other registries.',
      // A run takes ten minutes at most, `copyMinutes`.
      timeout,
      memoryMegabytes: 1024,
    });
    this.#grantTargets(this.copyReleases);
    this.#grantNotify(this.copyReleases);
    secrets.grantReadRegistryCredentials(this.copyReleases);
    if (copyRoles.length > 0) allow(this.copyReleases, { actions: ['sts:AssumeRole'], resources: copyRoles });
    repositories.grantPull(this.copyReleases);
    gitHost.grantFetch(this.copyReleases);

    this.deliver = new PipelineFunction(this, 'Deliver', {
      description: 'Writes a release into the manifests of its targets, and has the other targets get it.',
      timeout,
      memoryMegabytes: 1024,
    });
    this.#grantDeliver(this.deliver);
    state.builds.grant(this.deliver, 'GetItem');

    const retryDeliveries = new ScheduledFunction(this, 'RetryDeliveries', {
      description: 'Delivers what is promoted or due to its target, and tries again what did not get there.',
      rate: Duration.minutes(5),
      timeout,
      memoryMegabytes: 1024,
      stopped: { name: 'DeliveriesStopped', what: 'run that tries deliveries to targets again' },
    });
    this.#grantDeliver(retryDeliveries);
    this.#grantNotify(retryDeliveries);
    state.targets.grantQuery(retryDeliveries, 'byDueTime');
    state.releases.grant(retryDeliveries, 'GetItem');

    const promote = new PipelineFunction(this, 'Promote', {
      description: 'Writes down which release a target is to have, by a signed call, and has it delivered.',
      // API Gateway waits no longer than 30 seconds.
      timeout: Duration.seconds(29),
      memoryMegabytes: 512,
    });
    this.#grantTargets(promote);
    // With the claim of releases.
    state.projects.grant(promote, 'UpdateItem');
    state.builds.grant(promote, 'GetItem');
    state.releases.grant(promote, 'Query');
    api.grantLink(promote);
    const { functionArn, functionName } = retryDeliveries.function;
    allow(promote, { actions: ['lambda:InvokeFunction'], resources: [functionArn] });
    promote.setVariable('RETRY_DELIVERIES_FUNCTION', functionName);
    api.signedRoute(HttpMethod.POST, promotion.path, promote.function);
  }

  /** Writes manifests, and calls the functions for all other targets. No other function may read the credentials for manifests. */
  #grantDeliver(grantee: Grantee): void {
    const { api, commitSigning, config, gitHost, rollouts, secrets, state } = this.#props;
    this.#grantTargets(grantee);
    commitSigning?.grantSign(grantee);
    state.deliveries.grantPut(grantee, ownCommitPrefix);
    secrets.grantReadDeployCredentials(grantee);
    gitHost.grantFetch(grantee);
    gitHost.grantAddresses(grantee);
    api.grantLink(grantee);
    grantee.setVariable('DEPLOY_AUTHOR', JSON.stringify({ name: config.deploy.author, email: config.sender }));
    const workers = [this.copyReleases, rollouts.function].map(({ function: { functionArn } }) => functionArn);
    allow(grantee, { actions: ['lambda:InvokeFunction'], resources: workers });
    grantee.setVariable('COPY_RELEASES_FUNCTION', this.copyReleases.function.functionName);
    grantee.setVariable('ROLL_SERVICES_FUNCTION', rollouts.function.function.functionName);
  }

  #grantTargets(grantee: Grantee): void {
    const { state } = this.#props;
    state.projects.grant(grantee, 'GetItem');
    state.targets.grant(grantee, 'GetItem', 'PutItem', 'Query');
  }

  #grantNotify(grantee: Grantee): void {
    const { api, gitHost, notifications } = this.#props;
    notifications.grantSend(grantee);
    gitHost.grantIndexLink(grantee);
    api.grantLink(grantee);
  }
}
