import { z } from 'zod';
import { physicalName } from './physical-name.ts';
import { type Account, resourceType, type Service } from './service.ts';

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/**
 * CloudWatch Logs, as far as a template declares it: the services write a group's text to `DATA/logs/<group>.log` by themselves.
 * Nothing is taken away there, so the retention has no effect.
 */
export function createLogs(account: Account): Service {
  const logGroup = resourceType({
    isForEveryAccount: true,
    properties: z.strictObject({
      LogGroupName: z
        .string()
        .regex(/^[\w./#-]{1,512}$/)
        .optional(),
      RetentionInDays: z
        .int()
        .refine((days) => retentionDays.includes(days), 'is not a retention that CloudWatch Logs has')
        .optional(),
      Tags: z.unknown().optional(),
    }),
    create({ properties, ...resource }) {
      const name = properties.LogGroupName ?? physicalName(resource, 512);
      return {
        ref: name,
        attributes: { Arn: `arn:aws:logs:${account.region}:${resource.account}:log-group:${name}:*` },
      };
    },
  });

  // One machine collects no metrics: a filter is checked for its form.
  const metricFilter = resourceType({
    properties: z.strictObject({
      LogGroupName: z.string(),
      FilterPattern: z.string().max(1024),
      MetricTransformations: z
        .array(z.strictObject({ MetricName: z.string(), MetricNamespace: z.string(), MetricValue: z.string() }))
        .length(1),
    }),
    create: (resource) => ({ ref: physicalName(resource, 512) }),
  });

  return { resources: { 'AWS::Logs::LogGroup': logGroup, 'AWS::Logs::MetricFilter': metricFilter } };
}
