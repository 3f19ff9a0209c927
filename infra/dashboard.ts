import { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  Metric,
  PeriodOverride,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { TerminalStatus } from '../core/model/build.ts';
import { buildMetrics } from '../services/aws/build-metrics.ts';
import { sumOver } from './alarms.ts';
import type { Api } from './api.ts';
import type { Builder } from './builder.ts';
import type { Config } from './config.ts';
import type { Pipeline } from './pipeline.ts';
import type { Planner } from './planner.ts';
import type { StatusSite } from './site.ts';
import type { State } from './state.ts';
import type { Triggers } from './triggers.ts';
import type { Webhook } from './webhook.ts';

/** The constructs that the alarms watch and the dashboard shows. Functions and rules are found in the stack itself. */
export interface Monitored {
  config: Config;
  api: Api;
  builder: Builder;
  pipeline: Pipeline;
  planner: Planner;
  site: StatusSite;
  state: State;
  triggers: Triggers;
  webhook: Webhook;
}

/** One page that shows a push on its way (received, planned, built, scanned and released) and what is wrong at the moment. */
export class Overview extends Construct {
  constructor(
    scope: Construct,
    id: string,
    {
      config,
      api,
      builder,
      pipeline,
      planner,
      site,
      state,
      triggers,
      webhook,
      alarms,
    }: Monitored & { alarms: Alarm[] },
  ) {
    super(scope, id);
    const { stateMachine } = pipeline;
    const { project } = builder;
    new Dashboard(this, 'Dashboard', {
      dashboardName: config.prefix,
      periodOverride: PeriodOverride.AUTO,
      defaultInterval: Duration.days(1),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 4 })],
        [
          graph('Deliveries', [
            webhook.receiver.function.metricInvocations(sumOver(5)),
            api.http.metricServerError(sumOver(5)),
            api.http.metricClientError(sumOver(5)),
          ]),
          graph(
            'Answer to a delivery',
            ['p50', 'p99'].map((statistic) =>
              webhook.receiver.function.metricDuration({ statistic, label: statistic }),
            ),
          ),
          graph('Triggers', [
            ...Object.entries(triggers.queues).flatMap(([name, { queue, deadLetters }]) => [
              queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, label: `${name}: waiting` }),
              deadLetters.metricApproximateNumberOfMessagesVisible({
                statistic: Stats.MAXIMUM,
                label: `${name}: lost`,
              }),
            ]),
            planner.function.function.metricErrors({ ...sumOver(5), label: 'errors of the planner' }),
          ]),
        ],
        [
          graph('Executions', [
            stateMachine.metricStarted({ ...sumOver(5), label: 'started' }),
            stateMachine.metricSucceeded({ ...sumOver(5), label: 'ended' }),
            stateMachine.metricFailed({ ...sumOver(5), label: 'failed' }),
            stateMachine.metricTimedOut({ ...sumOver(5), label: 'timed out' }),
          ]),
          graph(
            'Builds by their end',
            (['released', 'blocked', 'failed', 'superseded'] as const).map((status) => endedBuilds(status, sumOver(5))),
          ),
          // Where the machines are in another account, so are their metrics.
          ...(builder.access
            ? []
            : [
                graph('Time of a build', [
                  project.metricDuration({ label: 'from start to end' }),
                  project.metric('QueuedDuration', { statistic: Stats.AVERAGE, label: 'waiting for a machine' }),
                ]),
              ]),
        ],
        [
          graph('Pages', [
            site.pages.function.metricInvocations(sumOver(5)),
            site.pages.function.metricErrors(sumOver(5)),
          ]),
          graph('Time of a page', [
            api.http.metricLatency({ statistic: 'p50', label: 'p50' }),
            api.http.metricLatency({ statistic: 'p99', label: 'p99' }),
          ]),
          graph(
            'Requests of the tables',
            state.tables.map((table) =>
              table.metricConsumedReadCapacityUnits({ label: `${table.node.scope?.node.id} read` }),
            ),
          ),
        ],
      ],
    });
  }
}

/** How many builds came to such an end. */
export function endedBuilds(status: TerminalStatus, over: ReturnType<typeof sumOver>): Metric {
  const { namespace, service, ended, dimension } = buildMetrics;
  return new Metric({
    namespace,
    metricName: ended,
    dimensionsMap: { service, [dimension]: status },
    label: status,
    ...over,
  });
}

function graph(title: string, left: IMetric[]): IWidget {
  return new GraphWidget({ title, left, width: 8, height: 6 });
}
