import { Duration, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, MathExpression, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule } from 'aws-cdk-lib/aws-events';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct, type IConstruct } from 'constructs';
import { buildMetrics } from '../services/aws/build-metrics.ts';
import { Alarms, sumOver } from './alarms.ts';
import type { Api } from './api.ts';
import { endedBuilds, type Monitored, Overview } from './dashboard.ts';
import { PipelineFunction } from './pipeline-function.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import { webhookPath } from './webhook.ts';

/** Says when Slipway needs a person, and shows how it is. A project's own failed build is not an alarm: its people get a mail. */
export class Monitoring extends Construct {
  /** What mails the operators. */
  readonly operators: ITopic;
  /** The same in the account of the builds, where they have one of their own. */
  readonly operatorsOfBuilds: ITopic | undefined;

  constructor(scope: Construct, id: string, monitored: Monitored) {
    super(scope, id);
    const alarms = new Alarms(this, 'Alarms', monitored.config);
    this.operators = alarms.operators;
    const constructs = Stack.of(this).node.findAll();
    const functions = constructs.filter((each) => each instanceof PipelineFunction);
    const scheduled = functions.filter((each) => each instanceof ScheduledFunction);
    alarmOnIntake(alarms, monitored);
    alarmOnBuilds(alarms, monitored);
    alarmOnRuns(alarms, scheduled);
    alarmOnFunctions(alarms, functions, monitored);
    alarmOnEvents(alarms, constructs);
    const { access } = monitored.builder;
    // An alarm watches its own account, and mails by a topic of it.
    const there = access && new Alarms(access, 'Alarms', monitored.config);
    if (there) alarmOnEvents(there, access.node.findAll());
    this.operatorsOfBuilds = there?.operators;
    alarmOnServices(alarms, monitored);
    new Overview(this, 'Overview', { ...monitored, alarms: alarms.all });
  }
}

/** Everything that can keep an accepted push from becoming a build. */
function alarmOnIntake(alarms: Alarms, { api, triggers }: Monitored): void {
  const { triggers: pushed, 'pull requests': untrusted, background } = triggers.queues;
  const inFiveMinutes = { statistic: Stats.MAXIMUM, period: Duration.minutes(5) };
  alarms.add('TriggersLost', {
    meaning: 'A trigger could not be planned in five attempts and is in the dead-letter queue.',
    metric: pushed.deadLetters.metricApproximateNumberOfMessagesVisible(inFiveMinutes),
    threshold: 1,
  });
  alarms.add('UntrustedTriggersLost', {
    meaning: 'A pull request or an approval could not be handled in five attempts and is in a dead-letter queue.',
    metric: untrusted.deadLetters.metricApproximateNumberOfMessagesVisible(inFiveMinutes),
    threshold: 1,
  });
  alarms.add('BackgroundTriggersLost', {
    meaning:
      'A rebuild that the pipeline called for could not be planned in five attempts and is in a dead-letter queue.',
    metric: background.deadLetters.metricApproximateNumberOfMessagesVisible(inFiveMinutes),
    threshold: 1,
  });
  alarms.add('TriggersWaiting', {
    meaning: 'A trigger has waited for ten minutes to be planned.',
    metric: pushed.queue.metricApproximateAgeOfOldestMessage(inFiveMinutes),
    threshold: 600,
    periods: 2,
  });
  alarms.add('BackgroundTriggersWaiting', {
    meaning: 'A rebuild that the pipeline called for has waited for an hour to be planned.',
    metric: background.queue.metricApproximateAgeOfOldestMessage(inFiveMinutes),
    threshold: 3600,
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
}

/** Everything that can keep a planned build from its end. */
function alarmOnBuilds(alarms: Alarms, { pipeline }: Monitored): void {
  const hour = sumOver(60);
  alarms.addForAny('ExecutionsFailed', {
    meaning: 'An execution ended without its own last state. Its build was closed from outside.',
    // Aborted ones are not an alarm: a newer push stops the older build that way.
    metrics: [pipeline.stateMachine.metricFailed(sumOver(5)), pipeline.stateMachine.metricTimedOut(sumOver(5))],
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
      expression: 'IF(failed >= 5 AND failed >= SUM(METRICS()), 1, 0)',
      usingMetrics: {
        failed: endedBuilds('failed', hour),
        released: endedBuilds('released', hour),
        unchanged: endedBuilds('unchanged', hour),
        blocked: endedBuilds('blocked', hour),
      },
      period: Duration.hours(1),
    }),
    threshold: 1,
  });
}

/** The functions that run on a schedule: an alarm rings if none of their runs ends for some time. */
function alarmOnRuns(alarms: Alarms, scheduled: ScheduledFunction[]): void {
  for (const { function: run, patience, stopped } of scheduled) {
    const period = Duration.seconds(patience.toSeconds() / 2);
    alarms.add(stopped.name, {
      meaning: `No ${stopped.what} has finished for ${patience.toHumanString()}.`,
      metric: new MathExpression({
        label: 'Good runs',
        expression: 'runs - errors',
        usingMetrics: { runs: run.metricInvocations({ period }), errors: run.metricErrors({ period }) },
        period,
      }),
      threshold: 1,
      periods: 2,
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: TreatMissingData.MISSING,
    });
  }
}

/**
 * The functions outside the state machine. Those inside throw on purpose, to be tried again, and the machine takes care of what they throw
 * for good.
 */
function alarmOnFunctions(alarms: Alarms, functions: PipelineFunction[], { pipeline }: Monitored): void {
  const outside = functions.filter((each) => !pipeline.steps.includes(each));
  alarms.addForAny('FunctionErrors', {
    meaning: 'A function outside the state machine threw an error or ran out of time.',
    metrics: outside.map((each) => each.function.metricErrors({ ...sumOver(5), label: each.node.id })),
    periods: 2,
  });
  alarms.addForAny('FunctionsThrottled', {
    meaning: "Lambda refused to run a function outside the state machine: the account's concurrency is used up.",
    metrics: outside.map((each) => each.function.metricThrottles({ ...sumOver(5), label: each.node.id })),
  });
}

function alarmOnEvents(alarms: Alarms, constructs: readonly IConstruct[]): void {
  const rules = constructs.filter((each) => each instanceof Rule);
  alarms.addForAny('EventsUndelivered', {
    meaning: 'EventBridge could not start the function of a rule for an event, or at its time.',
    metrics: rules.map(
      ({ ruleName }) =>
        new Metric({
          namespace: 'AWS/Events',
          metricName: 'FailedInvocations',
          dimensionsMap: { RuleName: ruleName },
          ...sumOver(5),
        }),
    ),
  });
}

function alarmOnServices(alarms: Alarms, { state }: Monitored): void {
  const requests = (metricName: string) => state.tables.map((table) => table.metric(metricName, sumOver(5)));
  alarms.addForAny('ReadsThrottled', {
    meaning: 'DynamoDB refused reads.',
    metrics: requests('ReadThrottleEvents'),
    periods: 2,
  });
  alarms.addForAny('WritesThrottled', {
    meaning: 'DynamoDB refused writes.',
    metrics: requests('WriteThrottleEvents'),
    periods: 2,
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
