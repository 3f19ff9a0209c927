import { z } from 'zod';
import { physicalName } from './physical-name.ts';
import { type Account, AwsError, resourceType, type Service } from './service.ts';

const dimensions = z.array(z.strictObject({ Name: z.string(), Value: z.string() })).max(30);
const metric = {
  MetricName: z.string(),
  Namespace: z.string(),
  Dimensions: dimensions.optional(),
};
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudwatch-alarm.html
const alarmSchema = z.strictObject({
  ActionsEnabled: z.boolean().optional(),
  AlarmActions: z.array(z.string()).max(5).optional(),
  AlarmDescription: z.string().max(1024).optional(),
  AlarmName: z.string().min(1).max(255).optional(),
  ComparisonOperator: z.enum([
    'GreaterThanOrEqualToThreshold',
    'GreaterThanThreshold',
    'LessThanThreshold',
    'LessThanOrEqualToThreshold',
  ]),
  EvaluationPeriods: z.int().min(1),
  ExtendedStatistic: z.string().optional(),
  MetricName: metric.MetricName.optional(),
  Namespace: metric.Namespace.optional(),
  Dimensions: dimensions.optional(),
  Metrics: z
    .array(
      z.strictObject({
        Id: z.string(),
        Expression: z.string().optional(),
        Label: z.string().optional(),
        ReturnData: z.boolean().optional(),
        MetricStat: z
          .strictObject({
            Metric: z.strictObject(metric),
            Period: z.int(),
            Stat: z.string(),
          })
          .optional(),
      }),
    )
    .optional(),
  InsufficientDataActions: z.array(z.string()).max(5).optional(),
  OKActions: z.array(z.string()).max(5).optional(),
  Period: z.int().min(1).optional(),
  Statistic: z.enum(['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum']).optional(),
  Tags: z.unknown().optional(),
  Threshold: z.number().optional(),
  TreatMissingData: z.enum(['breaching', 'notBreaching', 'ignore', 'missing']).optional(),
});

const dashboardSchema = z.strictObject({
  DashboardName: z
    .string()
    .regex(/^[\w-]{1,255}$/)
    .optional(),
  DashboardBody: z.string(),
});
const dashboardBody = z.looseObject({ widgets: z.array(z.looseObject({ type: z.string() })) });

/**
 * CloudWatch's alarms and dashboards. One machine collects no metrics, so an alarm never rings and a dashboard shows nothing;
 * they are checked for their form all the same.
 */
export function createCloudwatch(account: Account): Service {
  const alarm = resourceType({
    isForEveryAccount: true,
    properties: alarmSchema,
    create({ properties, ...resource }) {
      if ((properties.MetricName === undefined) === (properties.Metrics === undefined)) {
        throw new AwsError('ValidationError', 'An alarm needs one of MetricName and Metrics.');
      }
      const name = properties.AlarmName ?? physicalName(resource, 255);
      return {
        ref: name,
        attributes: { Arn: `arn:aws:cloudwatch:${account.region}:${resource.account}:alarm:${name}` },
      };
    },
  });

  const dashboard = resourceType({
    properties: dashboardSchema,
    create({ properties, ...resource }) {
      dashboardBody.parse(JSON.parse(properties.DashboardBody));
      return { ref: properties.DashboardName ?? physicalName(resource, 255) };
    },
  });

  return { resources: { 'AWS::CloudWatch::Alarm': alarm, 'AWS::CloudWatch::Dashboard': dashboard } };
}
