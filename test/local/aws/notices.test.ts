import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloudwatch } from '../../../local/aws/cloudwatch.ts';
import { createLogs } from '../../../local/aws/logs.ts';
import type { Caller, Service } from '../../../local/aws/service.ts';
import { createSns, type NotificationMail, type Sns } from '../../../local/aws/sns.ts';
import { type EndpointHost, hostEndpoint } from './endpoint-host.ts';

let host: EndpointHost;
let sns: Sns;
let cloudwatch: Service;
let logs: Service;
let mails: NotificationMail[];

beforeEach(async () => {
  mails = [];
  host = await hostEndpoint((account) => {
    sns = createSns(account, (mail) => mails.push(mail));
    cloudwatch = createCloudwatch(account);
    logs = createLogs(account);
    return [sns, cloudwatch, logs];
  });
});
afterEach(() => host[Symbol.asyncDispose]());

describe('a topic', () => {
  const alarm: Caller = {
    arn: 'service:cloudwatch.amazonaws.com',
    kind: 'service',
    sourceArn: 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:a',
  };

  test('mails its subscribers what may be published', async () => {
    const { ref } = await host.declare(sns, 'AWS::SNS::Topic', 'Operators', { DisplayName: 'Slipway' });
    await host.declare(sns, 'AWS::SNS::Subscription', 'First', {
      TopicArn: ref,
      Protocol: 'email',
      Endpoint: 'ops@example.org',
    });
    expect(() => sns.publish(ref, { message: 'x' }, alarm)).toThrow(
      /no resource-based policy allows the sns:Publish action/,
    );
    await host.declare(sns, 'AWS::SNS::TopicPolicy', 'Policy', {
      Topics: [ref],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'cloudwatch.amazonaws.com' }, Action: 'sns:Publish', Resource: ref },
        ],
      },
    });
    sns.publish(ref, { subject: 'ALARM', message: 'the queue is old' }, alarm);
    expect(mails).toEqual([{ to: 'ops@example.org', subject: 'ALARM', text: 'the queue is old\n' }]);
  });

  test('has no subscribers but by mail', async () => {
    const { ref } = await host.declare(sns, 'AWS::SNS::Topic', 'Operators', {});
    const subscription = { TopicArn: ref, Protocol: 'https', Endpoint: 'https://example.org' };
    await expect(host.declare(sns, 'AWS::SNS::Subscription', 'Web', subscription)).rejects.toThrow(/Protocol/);
  });
});

describe('what has no effect on one machine is checked all the same', () => {
  const alarm = {
    ComparisonOperator: 'GreaterThanThreshold',
    EvaluationPeriods: 1,
    MetricName: 'Errors',
    Namespace: 'AWS/Lambda',
    Threshold: 0,
  };

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
