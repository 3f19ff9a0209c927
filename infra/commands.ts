import { Duration } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { Construct } from 'constructs';
import { commands } from '../core/api/commands.ts';
import type { Api } from './api.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';

interface CommandsProps {
  api: Api;
  state: State;
  triggers: Triggers;
}

/** The calls of the API that change something: each is signed by its caller, and allowed by the account's IAM. */
export class Commands extends Construct {
  constructor(scope: Construct, id: string, { api, state, triggers }: CommandsProps) {
    super(scope, id);
    const acceptCommand = new PipelineFunction(this, 'AcceptCommand', {
      description: 'Queues what somebody asks for by a signed call.',
      timeout: Duration.seconds(15),
      memoryMegabytes: 512,
    });
    state.projects.grant(acceptCommand, 'GetItem');
    state.builds.grant(acceptCommand, 'GetItem');
    state.cascades.grant(acceptCommand, 'GetItem');
    triggers.grantSend(acceptCommand, ['manual', 'hold', 'unhold', 'rollback', 'cancel', 'cancel-cascade']);
    api.grantLink(acceptCommand);
    for (const { path } of Object.values(commands)) api.signedRoute(HttpMethod.POST, path, acceptCommand.function);
  }
}
