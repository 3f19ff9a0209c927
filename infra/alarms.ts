import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html */
const mostMetrics = 10;

interface Concern {
  metric: IMetric;
  /** What has happened, for the person who gets the mail. */
  meaning: string;
  threshold: number;
  comparison?: ComparisonOperator;
  /** How many periods in a row. @default 1 */
  periods?: number;
  /**
   * `MISSING`: that the metric stops is the alarm, but not that it has never been there: the functions of a new stack have not run yet.
   * @default nothing happened, so all is well
   */
  missing?: TreatMissingData;
}

/** The alarms, all of them with an article in docs/operations.md, and the mail to the operators. */
export class Alarms extends Construct {
  readonly all: Alarm[] = [];
  readonly operators: Topic;
  readonly #prefix: string;
  readonly #action: SnsAction;

  constructor(scope: Construct, id: string, { prefix, operators }: { prefix: string; operators: readonly string[] }) {
    super(scope, id);
    this.#prefix = prefix;
    const topic = new Topic(this, 'Operators', { displayName: `${prefix} alarms`, enforceSSL: true });
    topic.grantPublish(
      new ServicePrincipal('cloudwatch.amazonaws.com', {
        conditions: {
          ArnLike: {
            'aws:SourceArn': Stack.of(this).formatArn({
              service: 'cloudwatch',
              resource: 'alarm',
              resourceName: `${prefix}-*`,
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          },
        },
      }),
    );
    for (const operator of operators) topic.addSubscription(new EmailSubscription(operator));
    this.operators = topic;
    this.#action = new SnsAction(topic);
  }

  /** Adds an alarm `<prefix>-<name>`, which the article `<name>` explains. */
  add(name: string, concern: Concern): void {
    this.#add(name, name, concern);
  }

  /**
   * Adds an alarm that rings when any of the metrics, which count the same of different things, is not zero. Where there are more than an
   * alarm may have, further alarms `<prefix>-<name>2`, `<prefix>-<name>3` have the rest of them, and the same article.
   */
  addForAny(
    name: string,
    { metrics, ...concern }: Omit<Concern, 'metric' | 'threshold'> & { metrics: IMetric[] },
  ): void {
    for (let from = 0; from < metrics.length; from += mostMetrics) {
      const metric = total(name, metrics.slice(from, from + mostMetrics));
      const part = from === 0 ? '' : String(from / mostMetrics + 1);
      this.#add(`${name}${part}`, name, { ...concern, metric, threshold: 1 });
    }
  }

  #add(name: string, article: string, { metric, meaning, threshold, comparison, periods = 1, missing }: Concern): void {
    const alarm = new Alarm(this, name, {
      alarmName: `${this.#prefix}-${name}`,
      alarmDescription: `${meaning} What to do: docs/operations.md#${article.toLowerCase()}`,
      metric,
      threshold,
      comparisonOperator: comparison ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: missing ?? TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(this.#action);
    alarm.addOkAction(this.#action);
    // An alarm begins in the state INSUFFICIENT_DATA. It enters it again, and mails, only after its metric was there and stopped.
    if (missing === TreatMissingData.MISSING) alarm.addInsufficientDataAction(this.#action);
    this.all.push(alarm);
  }
}

function total(label: string, metrics: IMetric[]): MathExpression {
  return new MathExpression({
    label,
    expression: 'SUM(METRICS())',
    usingMetrics: Object.fromEntries(metrics.map((metric, at) => [`metric${at}`, metric])),
    period: Duration.minutes(5),
  });
}

export const sumOver = (minutes: number) => ({ statistic: Stats.SUM, period: Duration.minutes(minutes) });
