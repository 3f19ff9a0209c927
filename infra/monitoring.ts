import { Duration } from 'aws-cdk-lib';
import {
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Rule } from 'aws-cdk-lib/aws-events';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { buildMetrics } from '../services/aws/build-metrics.ts';
import { Alarms, sumOver, total } from './alarms.ts';
import type { Api } from './api.ts';
import type { BuildSessions } from './build-sessions.ts';
import { Overview, type Shown } from './dashboard.ts';
import type { Delivery } from './delivery.ts';
import type { HoldEnds } from './end-holds.ts';
import type { Retention } from './expire-images.ts';
import type { Notifications } from './notifications.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import type { Rescans } from './rescan-releases.ts';
import type { ScheduledBuilds } from './run-schedules.ts';
import type { ServiceRollouts } from './service-rollouts.ts';
import type { Supervision } from './supervision.ts';
import type { WaiverWarnings } from './warn-waivers.ts';
import type { BaseWatch } from './watch-bases.ts';
import type { PackageWatch } from './watch-packages.ts';
import type { SourceWatch } from './watch-sources.ts';
import { webhookPath } from './webhook.ts';

/** The constructs that an alarm watches or the dashboard shows. */
interface Monitored extends Shown {
  waiverWarnings: WaiverWarnings;
  packageWatch: PackageWatch;
  baseWatch: BaseWatch;
  buildSessions: BuildSessions;
  holdEnds: HoldEnds;
  notifications: Notifications;
  delivery: Delivery;
  rescans: Rescans;
  retention: Retention;
  rollouts: ServiceRollouts;
  scheduledBuilds: ScheduledBuilds;
  sourceWatch: SourceWatch;
  supervision: Supervision;
}

/** Says when Slipway needs a person, and shows how it is. A project's own failed build is no alarm: its people get a mail. */
export class Monitoring extends Construct {
  /** What mails the operators. */
  readonly operators: ITopic;

  constructor(scope: Construct, id: string, monitored: Monitored) {
    super(scope, id);
    const alarms = new Alarms(this, 'Alarms', monitored.config);
    this.operators = alarms.operators;
    alarmOnIntake(alarms, monitored);
    alarmOnBuilds(alarms, monitored);
    alarmOnFunctions(alarms, monitored);
    alarmOnServices(alarms, monitored);
    new Overview(this, 'Overview', { ...monitored, alarms: alarms.all });
  }
}

/** Everything that can keep an accepted push from becoming a build. */
function alarmOnIntake(
  alarms: Alarms,
  {
    api,
    baseWatch,
    holdEnds,
    delivery,
    waiverWarnings,
    packageWatch,
    rescans,
    scheduledBuilds,
    sourceWatch,
    triggers,
  }: Monitored,
): void {
  alarms.add('TriggersLost', {
    meaning: 'A trigger could not be planned in five attempts and is in the dead-letter queue.',
    metric: triggers.deadLetters.metricApproximateNumberOfMessagesVisible({
      statistic: Stats.MAXIMUM,
      period: Duration.minutes(5),
    }),
    threshold: 1,
  });
  alarms.add('UntrustedTriggersLost', {
    meaning: 'A pull request or an approval could not be handled in five attempts and is in a dead-letter queue.',
    metric: triggers.untrustedDeadLetters.metricApproximateNumberOfMessagesVisible({
      statistic: Stats.MAXIMUM,
      period: Duration.minutes(5),
    }),
    threshold: 1,
  });
  alarms.add('TriggersWaiting', {
    meaning: 'A trigger has waited for ten minutes to be planned.',
    metric: triggers.queue.metricApproximateAgeOfOldestMessage({
      statistic: Stats.MAXIMUM,
      period: Duration.minutes(5),
    }),
    threshold: 600,
    periods: 2,
  });
  alarms.add('WebhookErrors', {
    meaning: 'A delivery of the git host was answered with a server error; the git host does not send it again.',
    metric: webhookMetric(api, '5xx', sumOver(5)),
    threshold: 1,
  });
  alarms.add('WebhookSlow', {
    meaning: 'Deliveries take more than five of the ten seconds after which the git host hangs up.',
    metric: webhookMetric(api, 'Latency', { statistic: Stats.percentile(99), period: Duration.minutes(5) }),
    threshold: 5000,
    periods: 3,
  });
  alarms.add('DeliveriesTooLarge', {
    meaning:
      'A delivery was larger than the 6 MB that Lambda takes, and was answered with 413; the git host does not send it again.',
    metric: api.tooLarge.with(sumOver(5)),
    threshold: 1,
  });
  alarms.add('SourcesUnwatched', {
    meaning: 'No check of the repositories for new commits has finished for an hour.',
    ...noGoodRun(sourceWatch),
  });
  alarms.add('BasesUnwatched', {
    meaning: 'No check for changed base images has finished for an hour.',
    ...noGoodRun(baseWatch),
  });
  alarms.add('PackagesUnwatched', {
    meaning: 'No check for updates from the distributions has finished for two days.',
    ...noGoodRun(packageWatch, Duration.days(1)),
  });
  alarms.add('RescansStopped', {
    meaning: 'No rescan of released images has finished for an hour.',
    ...noGoodRun(rescans),
  });
  alarms.add('HoldsNotEnded', {
    meaning: 'No check for holds whose last day has passed has finished for an hour.',
    ...noGoodRun(holdEnds),
  });
  alarms.add('SchedulesStopped', {
    meaning: 'No run that triggers scheduled builds has finished for an hour.',
    ...noGoodRun(scheduledBuilds),
  });
  alarms.add('DeliveriesStopped', {
    meaning: 'No run that tries deliveries to targets again has finished for an hour.',
    ...noGoodRun({ function: delivery.retryDeliveries }),
  });
  alarms.add('WaiversUnwatched', {
    meaning: 'No run that notifies people of waivers that expire has finished for two days.',
    ...noGoodRun(waiverWarnings, Duration.days(1)),
  });
}

/** For two periods no run of a function has come to its end. */
function noGoodRun({ function: watch }: { function: PipelineFunction }, period = Duration.minutes(30)) {
  return {
    metric: new MathExpression({
      label: 'Good runs',
      expression: 'runs - errors',
      usingMetrics: {
        runs: watch.function.metricInvocations({ period }),
        errors: watch.function.metricErrors({ period }),
      },
      period,
    }),
    threshold: 1,
    periods: 2,
    comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
    missing: TreatMissingData.MISSING,
  };
}

/** Everything that can keep a planned build from its end. */
function alarmOnBuilds(alarms: Alarms, { builder, pipeline, supervision }: Monitored): void {
  alarms.add('ExecutionsFailed', {
    meaning: 'An execution ended without its own last state. Its build was closed from outside.',
    // Aborted ones are no alarm: a newer push stops the older build that way.
    metric: total('Failed and timed out executions', {
      failed: pipeline.stateMachine.metricFailed(sumOver(5)),
      timedOut: pipeline.stateMachine.metricTimedOut(sumOver(5)),
    }),
    threshold: 1,
  });
  alarms.add('BuildsQueued', {
    meaning: 'Builds wait more than half an hour for a machine of CodeBuild.',
    // CodeBuild's own QueuedDuration is of builds that it has begun: where the quota is 0 there is none.
    metric: queuedSeconds(),
    threshold: 1800,
    periods: 2,
  });
  alarms.add('BuildsAllFail', {
    meaning: 'Every build of the last hour failed, five at least: that is hardly the Dockerfiles.',
    metric: new MathExpression({
      label: 'All builds fail',
      expression: 'IF(builds >= 5 AND failed >= builds, 1, 0)',
      usingMetrics: {
        builds: builder.project.metricBuilds({ period: Duration.hours(1) }),
        failed: builder.project.metricFailedBuilds({ period: Duration.hours(1) }),
      },
      period: Duration.hours(1),
    }),
    threshold: 1,
  });
  alarms.add('ReconciliationStopped', {
    meaning: 'No check for builds without an execution has run for an hour.',
    metric: supervision.reconcileBuilds.function.metricInvocations({ period: Duration.hours(1) }),
    threshold: 1,
    comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
    missing: TreatMissingData.MISSING,
  });
}

/**
 * The functions outside the state machine: those that are called, and those that run on a schedule. Those inside throw on purpose, to be
 * tried again, and the machine takes care of what they throw for good. An alarm has ten metrics at most.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html
 */
function alarmOnFunctions(
  alarms: Alarms,
  {
    baseWatch,
    buildSessions,
    holdEnds,
    delivery,
    notifications,
    waiverWarnings,
    packageWatch,
    planner,
    rescans,
    retention,
    rollouts,
    scheduledBuilds,
    site,
    sourceWatch,
    supervision,
    webhook,
  }: Monitored,
): void {
  const called = {
    githubWebhook: webhook.receiver,
    planBuilds: planner.function,
    buildCredentials: buildSessions.function,
    trackBuild: supervision.trackBuild,
    closeBuild: supervision.closeBuild,
    recordFindings: rescans.recordFindings,
    recordMailFailures: notifications.recordMailFailures,
    site: site.pages,
  };
  const delivering = {
    promote: delivery.promote,
    copyReleases: delivery.copyReleases,
    rollServices: rollouts.function,
  };
  const scheduled = {
    reconcileBuilds: supervision.reconcileBuilds,
    watchSources: sourceWatch.function,
    watchBases: baseWatch.function,
    watchPackages: packageWatch.function,
    runSchedules: scheduledBuilds.function,
    endHolds: holdEnds.function,
    warnWaivers: waiverWarnings.function,
    rescanReleases: rescans.function,
    retryDeliveries: delivery.retryDeliveries,
    expireImages: retention.function,
  };
  const groups = { Function: called, Run: scheduled, Deployment: delivering };
  const which: Record<keyof typeof groups, string> = {
    Function: 'outside the state machine',
    Run: 'that runs on a schedule',
    Deployment: 'that brings releases to their targets',
  };
  for (const name of ['Function', 'Run', 'Deployment'] as const) {
    const functions = groups[name];
    const of = (metric: (each: PipelineFunction) => IMetric) =>
      Object.fromEntries(Object.entries(functions).map(([each, it]) => [each, metric(it)]));
    alarms.add(`${name}Errors`, {
      meaning: `A function ${which[name]} threw an error or ran out of time.`,
      metric: total(
        'Errors',
        of(({ function: each }) => each.metricErrors(sumOver(5))),
      ),
      threshold: 1,
      periods: 2,
    });
    alarms.add(`${name}sThrottled`, {
      meaning: `Lambda refused to run a function ${which[name]}: the account's concurrency is used up.`,
      metric: total(
        'Throttles',
        of(({ function: each }) => each.metricThrottles(sumOver(5))),
      ),
      threshold: 1,
    });
  }
}

const metricsOf = (tables: readonly TableV2[], metricName: string): Record<string, IMetric> =>
  Object.fromEntries(
    tables.map((table, at) => [`${metricName.toLowerCase()}${at}`, table.metric(metricName, sumOver(5))]),
  );

function alarmOnServices(
  alarms: Alarms,
  {
    baseWatch,
    holdEnds,
    delivery,
    notifications,
    waiverWarnings,
    packageWatch,
    rescans,
    retention,
    rollouts,
    scheduledBuilds,
    sourceWatch,
    state,
    supervision,
  }: Monitored,
): void {
  // CloudWatch takes at most ten metrics for the expression of an alarm, so that the tables of mails have an alarm of their own.
  const tables = (metricName: string) => total(metricName, metricsOf(state.tables, metricName));
  alarms.add('ReadsThrottled', {
    meaning: 'DynamoDB refused reads.',
    metric: tables('ReadThrottleEvents'),
    threshold: 1,
    periods: 2,
  });
  alarms.add('WritesThrottled', {
    meaning: 'DynamoDB refused writes.',
    metric: tables('WriteThrottleEvents'),
    threshold: 1,
    periods: 2,
  });
  alarms.add('MailTablesThrottled', {
    meaning: 'DynamoDB refused reads or writes of the tables of mails and their recipients.',
    metric: total('Throttled requests', {
      ...metricsOf(state.mailTables, 'ReadThrottleEvents'),
      ...metricsOf(state.mailTables, 'WriteThrottleEvents'),
    }),
    threshold: 1,
    periods: 2,
  });
  alarms.add('EventsUndelivered', {
    meaning: 'EventBridge could not start the function of a rule for an event.',
    metric: failedDeliveries([...supervision.rules, ...rescans.rules, ...rollouts.rules, notifications.rule]),
    threshold: 1,
  });
  const scheduled = [
    sourceWatch,
    baseWatch,
    delivery,
    packageWatch,
    scheduledBuilds,
    holdEnds,
    waiverWarnings,
    rescans,
    retention,
  ];
  alarms.add('RunsUndelivered', {
    meaning: 'EventBridge could not start a function that runs on a schedule.',
    metric: failedDeliveries(scheduled.map(({ rule }) => rule)),
    threshold: 1,
  });
  // SES puts an account under review at 5 % and 0.1 %. https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html
  alarms.add('MailBounces', {
    meaning: 'More than three in a hundred mails of the account come back; at five SES puts the account under review.',
    metric: reputation('Reputation.BounceRate'),
    threshold: 0.03,
  });
  alarms.add('MailComplaints', {
    meaning:
      "More than five in ten thousand of the account's mails are called spam; at ten SES puts the account under review.",
    metric: reputation('Reputation.ComplaintRate'),
    threshold: 0.0005,
  });
}

function failedDeliveries(rules: Rule[]): MathExpression {
  const failed = ({ ruleName }: Rule) =>
    new Metric({
      namespace: 'AWS/Events',
      metricName: 'FailedInvocations',
      dimensionsMap: { RuleName: ruleName },
      ...sumOver(5),
    });
  return total('Failed deliveries', Object.fromEntries(rules.map((rule, at) => [`rule${at}`, failed(rule)])));
}

/** A metric of the one route that the git host calls. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html */
function webhookMetric(api: Api, metricName: string, options: { statistic: string; period: Duration }): Metric {
  return new Metric({
    namespace: 'AWS/ApiGateway',
    metricName,
    dimensionsMap: { ApiId: api.http.apiId, Stage: api.stageName, Method: 'POST', Resource: webhookPath },
    ...options,
  });
}

/** How long the oldest build that no machine of CodeBuild has begun has waited; reconcile-builds reports it at each of its runs. */
function queuedSeconds(): Metric {
  const { namespace, service, queued } = buildMetrics;
  return new Metric({
    namespace,
    metricName: queued,
    dimensionsMap: { service },
    statistic: Stats.MAXIMUM,
    period: Duration.minutes(15),
  });
}

function reputation(metricName: string): Metric {
  return new Metric({ namespace: 'AWS/SES', metricName, statistic: Stats.AVERAGE, period: Duration.hours(1) });
}
