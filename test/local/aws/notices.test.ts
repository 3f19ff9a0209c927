import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloudwatch } from '../../../local/aws/cloudwatch.ts';
import { createLogs } from '../../../local/aws/logs.ts';
import type { Service } from '../../../local/aws/service.ts';
import { createSns } from '../../../local/aws/sns.ts';
import { type EndpointHost, hostEndpoint } from './endpoint-host.ts';

let host: EndpointHost;
let sns: Service;
let cloudwatch: Service;
let logs: Service;

beforeEach(async () => {
  host = await hostEndpoint((account) => {
    sns = createSns(account);
    cloudwatch = createCloudwatch(account);
    logs = createLogs(account);
    return [sns, cloudwatch, logs];
  });
});
afterEach(() => host[Symbol.asyncDispose]());

describe('what has no effect on one machine is checked all the same', () => {
  const alarm = {
    ComparisonOperator: 'GreaterThanThreshold',
    EvaluationPeriods: 1,
    MetricName: 'Errors',
    Namespace: 'AWS/Lambda',
    Threshold: 0,
  };

  test('a filter of a log that counts lines', async () => {
    const filter = {
      LogGroupName: '/aws/vendedlogs/apis/test',
      FilterPattern: '{ $.status = "413" }',
      MetricTransformations: [{ MetricName: 'TooLarge', MetricNamespace: 'Test', MetricValue: '1' }],
    };
    expect((await host.declare(logs, 'AWS::Logs::MetricFilter', 'Filter', filter)).ref).toMatch(/^test-Filter/);
    await expect(
      host.declare(logs, 'AWS::Logs::MetricFilter', 'Filter', { ...filter, MetricTransformations: [] }),
    ).rejects.toThrow(/MetricTransformations/);
  });

  test('an alarm', async () => {
    const { attributes } = await host.declare(cloudwatch, 'AWS::CloudWatch::Alarm', 'Alarm', alarm);
    expect(attributes?.Arn).toMatch(/^arn:aws:cloudwatch:us-east-1:123456789012:alarm:test-Alarm/);
    await expect(
      host.declare(cloudwatch, 'AWS::CloudWatch::Alarm', 'Alarm', { ...alarm, Treshold: 1 }),
    ).rejects.toThrow(/Treshold/);
    await expect(
      host.declare(cloudwatch, 'AWS::CloudWatch::Alarm', 'Alarm', { ...alarm, ComparisonOperator: 'More' }),
    ).rejects.toThrow(/ComparisonOperator/);
  });

  test('a topic with its subscribers', async () => {
    const { ref } = await host.declare(sns, 'AWS::SNS::Topic', 'Operators', { DisplayName: 'Slipway' });
    const subscription = { TopicArn: ref, Protocol: 'email', Endpoint: 'ops@example.org' };
    await host.declare(sns, 'AWS::SNS::Subscription', 'First', subscription);
    for (const wrong of [{ Protocol: 'https' }, { Endpoint: 'nobody' }, { TopicArn: `${ref}2` }]) {
      await expect(
        host.declare(sns, 'AWS::SNS::Subscription', 'Second', { ...subscription, ...wrong }),
      ).rejects.toThrow();
    }
  });

  test('a dashboard', async () => {
    await host.declare(cloudwatch, 'AWS::CloudWatch::Dashboard', 'Board', {
      DashboardBody: '{"widgets":[{"type":"metric"}]}',
    });
    await expect(
      host.declare(cloudwatch, 'AWS::CloudWatch::Dashboard', 'Board', { DashboardBody: '{"widgets":' }),
    ).rejects.toThrow();
  });

  test('a log group', async () => {
    const { attributes } = await host.declare(logs, 'AWS::Logs::LogGroup', 'Log', {
      LogGroupName: '/slipway/webhook',
      RetentionInDays: 30,
    });
    expect(attributes?.Arn).toBe('arn:aws:logs:us-east-1:123456789012:log-group:/slipway/webhook:*');
    await expect(host.declare(logs, 'AWS::Logs::LogGroup', 'Log', { RetentionInDays: 31 })).rejects.toThrow(
      /RetentionInDays/,
    );
  });
});
