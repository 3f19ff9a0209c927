import { Duration } from 'aws-cdk-lib';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { Construct } from 'constructs';
import type { LoginSettings } from '../core/visibility/login-settings.ts';
import type { Api } from './api.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Secrets } from './secrets.ts';

interface LoginProps {
  api: Api;
  settings: LoginSettings;
  secrets: Secrets;
}

/** Requests in a second: each asks the identity provider. */
const requestsPerSecond = 10;

/** Signs people in, who then see the private projects that name them. */
export class Login extends Construct {
  constructor(scope: Construct, id: string, { api, settings, secrets }: LoginProps) {
    super(scope, id);
    const login = new PipelineFunction(this, 'Login', {
      description: 'Signs people in by the identity provider, and out.',
      // It waits for the provider twice, ten seconds each at most.
      timeout: Duration.seconds(29),
      memoryMegabytes: 512,
    });
    secrets.grantReadLoginClient(login);
    secrets.grantSeal(login);
    login.setVariable('LOGIN', JSON.stringify(settings));
    api.grantLink(login);
    for (const [method, path] of [
      [HttpMethod.GET, '/login'],
      [HttpMethod.GET, '/login/callback'],
      [HttpMethod.POST, '/logout'],
    ] as const) {
      api.route(method, path, {
        handler: login.function,
        reason: 'Who signs in has no credentials yet; the identity provider says who it is.',
        limit: requestsPerSecond,
      });
    }
  }
}
