import { Duration } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { Construct } from 'constructs';
import { operatorsPaths } from '../core/api/operators.ts';
import type { Api } from './api.ts';
import type { Config } from './config.ts';
import { allow } from './permissions.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

interface OperatorsReportProps {
  api: Api;
  config: Config;
  state: State;
  triggers: Triggers;
}

/** What only operators may read: each call is signed, and allowed by the account's IAM. */
export class OperatorsReport extends Construct {
  constructor(scope: Construct, id: string, { api, config, state, triggers }: OperatorsReportProps) {
    super(scope, id);
    const informOperators = new PipelineFunction(this, 'InformOperators', {
      description: 'Answers what only operators may know: queues, deliveries, failing sources, unreachable addresses.',
      timeout: Duration.seconds(15),
      memoryMegabytes: 512,
    });
    state.builds.grantQuery(informOperators, 'byStatus');
    state.deliveries.grantQuery(informOperators, 'byMonth');
    state.sources.grantQuery(informOperators, 'byFailure');
    state.addresses.grantQuery(informOperators, 'byFailure');
    triggers.grantCount(informOperators);
    allow(informOperators, {
      actions: ['servicequotas:ListServiceQuotas'],
      resources: ['*'],
      because: 'The call knows no resource; a quota is nothing secret to who may read this.',
    });
    const { architecture, computeType } = config.build;
    informOperators.setVariable('BUILD_ENVIRONMENT', `${architecture === 'arm64' ? 'ARM' : 'Linux'}/${computeType}`);
    api.grantLink(informOperators);
    for (const path of Object.values(operatorsPaths))
      for (const method of [HttpMethod.GET, HttpMethod.HEAD]) api.signedRoute(method, path, informOperators.function);
  }
}
