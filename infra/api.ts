import { Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  type CfnStage,
  HttpApi,
  type HttpMethod,
  type HttpRoute,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { vendedLog } from './log-defaults.ts';
import { acknowledge, type Grantee } from './permissions.ts';

interface ApiProps {
  /** Where people see the pages, if it is not the API's own address. */
  siteUrl: string | undefined;
}

/** The one HTTP surface: webhooks come in, pages go out. */
export class Api extends Construct {
  readonly http: HttpApi;
  readonly stageName = '$default';
  readonly siteUrl: string;
  /** Counts the requests that were refused because of their size. */
  readonly tooLarge: Metric;
  readonly #stage: HttpStage;

  constructor(scope: Construct, id: string, { siteUrl }: ApiProps) {
    super(scope, id);
    this.http = new HttpApi(this, 'Http', {
      description: 'The webhook of the git host and the status pages.',
      createDefaultStage: false,
    });
    const accessLog = new LogGroup(this, 'AccessLog', { logGroupName: vendedLog(this, 'apis') });
    // The API's own metrics count all refusals together, and every stranger causes some.
    this.tooLarge = accessLog
      .addMetricFilter('TooLarge', {
        filterPattern: FilterPattern.stringValue('$.status', '=', '413'),
        metricNamespace: Stack.of(this).stackName,
        metricName: 'DeliveriesTooLarge',
      })
      .metric();
    this.#stage = new HttpStage(this, 'Stage', {
      httpApi: this.http,
      stageName: this.stageName,
      autoDeploy: true,
      detailedMetricsEnabled: true,
      accessLogSettings: {
        destination: new LogGroupLogDestination(accessLog),
        // The route, not the path: nothing that a caller made up gets into the log.
        format: AccessLogFormat.custom(
          JSON.stringify({
            requestId: '$context.requestId',
            time: '$context.requestTime',
            ip: '$context.identity.sourceIp',
            route: '$context.routeKey',
            status: '$context.status',
            latency: '$context.responseLatency',
            bytes: '$context.responseLength',
            integrationError: '$context.integrationErrorMessage',
          }),
        ),
      },
    });
    this.siteUrl = siteUrl ?? this.http.apiEndpoint;
  }

  /** Adds a route that anybody may call. `limit` is in requests per second; without one the account's limit holds. */
  route(
    method: HttpMethod,
    path: string,
    { handler, reason, limit }: { handler: IFunction; reason: string; limit?: number },
  ): void {
    const route = this.#addRoute(method, path, handler);
    acknowledge(route, 'AwsSolutions-APIG4', reason);
    if (limit === undefined) return;
    const stage = this.#stage.node.defaultChild as CfnStage;
    stage.addPropertyOverride(`RouteSettings.${method} ${path}`, {
      ThrottlingRateLimit: limit,
      ThrottlingBurstLimit: 2 * limit,
    });
    stage.node.addDependency(route);
  }

  /** Adds a route whose caller AWS has to know, by a signature, and IAM to allow: `execute-api:Invoke`. */
  signedRoute(method: HttpMethod, path: string, handler: IFunction): void {
    this.#addRoute(method, path, handler, new HttpIamAuthorizer());
  }

  #addRoute(method: HttpMethod, path: string, handler: IFunction, authorizer?: HttpIamAuthorizer): HttpRoute {
    const [route] = this.http.addRoutes({
      path,
      methods: [method],
      // A permission for each route would say the same once for every method: it names the path alone.
      integration: new HttpLambdaIntegration(`${handler.node.scope?.node.id}${method}`, handler, {
        scopePermissionToRoute: false,
      }),
      ...(authorizer ? { authorizer } : {}),
    });
    if (!route) throw new Error(`No route was made for ${method} ${path}.`);
    return route;
  }

  /** Gives the function the address of the pages. */
  grantLink(grantee: Grantee): void {
    grantee.setVariable('SITE_URL', this.siteUrl);
  }
}
