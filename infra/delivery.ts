import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ownCommitPrefix } from '../services/tables/own-commits.ts';
import type { Api } from './api.ts';
import type { Config } from './config.ts';
import type { GitHost } from './git-host.ts';
import type { Grantee } from './permissions.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { RegularRun } from './regular-run.ts';
import type { Repositories } from './repositories.ts';
import type { Secrets } from './secrets.ts';
import type { State } from './state.ts';

interface DeliveryProps {
  api: Api;
  config: Config;
  gitHost: GitHost;
  repositories: Repositories;
  secrets: Secrets;
  state: State;
}

/** A copy to another registry may take ten minutes, `copyMinutes`; a git host that does not answer takes a minute. */
const timeout = Duration.minutes(15);

/** Brings releases to the targets outside of the pipeline, and tries again what does not get there. */
export class Delivery extends Construct {
  /** The state `Deliver` runs it. */
  readonly deliver: PipelineFunction;
  readonly retryDeliveries: PipelineFunction;
  readonly promote: PipelineFunction;
  readonly rule: RegularRun;
  readonly #props: DeliveryProps;

  constructor(scope: Construct, id: string, props: DeliveryProps) {
    super(scope, id);
    this.#props = props;
    this.deliver = new PipelineFunction(this, 'Deliver', {
      description: 'Writes a release into the manifests of its targets, and copies it to other registries.',
      timeout,
      memoryMegabytes: 1024,
    });
    this.#grant(this.deliver);
    props.state.builds.grant(this.deliver, 'GetItem');

    this.retryDeliveries = new PipelineFunction(this, 'RetryDeliveries', {
      description: 'Tries again what did not get to its target, and promotes what is due.',
      timeout,
      memoryMegabytes: 1024,
    });
    this.#grant(this.retryDeliveries);
    props.state.targets.grantQuery(this.retryDeliveries, 'byDueTime');
    props.state.releases.grant(this.retryDeliveries, 'GetItem');
    this.rule = new RegularRun(this, 'Rule', {
      description: 'Starts the search for deliveries that are due.',
      function: this.retryDeliveries,
      rate: Duration.minutes(5),
    });

    this.promote = new PipelineFunction(this, 'Promote', {
      description: 'Promotes a release to a target, for the command of that name.',
      timeout,
      memoryMegabytes: 1024,
    });
    this.#grant(this.promote);
    props.state.builds.grant(this.promote, 'GetItem');
    props.state.releases.grant(this.promote, 'Query');
  }

  /** No other function may read the credentials that write to repositories of manifests, or to other registries. */
  #grant(grantee: Grantee): void {
    const { api, config, gitHost, repositories, secrets, state } = this.#props;
    state.projects.grant(grantee, 'GetItem');
    state.targets.grant(grantee, 'GetItem', 'PutItem', 'Query');
    state.deliveries.grantPut(grantee, ownCommitPrefix);
    secrets.grantReadDeployCredentials(grantee);
    secrets.grantReadRegistryCredentials(grantee);
    repositories.grantPull(grantee);
    gitHost.grantFetch(grantee);
    gitHost.grantAddresses(grantee);
    api.grantLink(grantee);
    grantee.setVariable('DEPLOY_AUTHOR', JSON.stringify({ name: config.deploy.author, email: config.sender }));
  }
}
