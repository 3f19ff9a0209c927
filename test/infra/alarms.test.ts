import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildMetrics } from '../../services/aws/build-metrics.ts';
import { resource, resources } from './template.ts';

const manual = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
const alarms = resources('AWS::CloudWatch::Alarm').map(({ Properties }) => ({
  name: Properties.AlarmName as string,
  /** Alarms that watch further things of the same kind have a number, and the same article. */
  about: (Properties.AlarmName as string).replace(/^Slipway-|\d+$/g, ''),
  Properties,
}));

/** The text below a heading, up to the next one of its rank. */
function article(name: string): string {
  return new RegExp(`^### ${name}\\n(.*?)(?=^##|(?![\\s\\S]))`, 'ms').exec(manual)?.[1] ?? '';
}

describe.each(alarms)('$name', ({ about, Properties }) => {
  test('has an article that says what it means, where to look and what to do', () => {
    const text = article(about);
    for (const part of ['**Meaning.**', '**Look.**', '**Do.**']) expect(text).toContain(part);
    expect(Properties.AlarmDescription).toContain(`docs/operations.md#${about.toLowerCase()}`);
  });

  test('tells the operators when it begins and when it is over', () => {
    const topic = { Ref: resource('AWS::SNS::Topic').id };
    expect(Properties.AlarmActions).toEqual([topic]);
    expect(Properties.OKActions).toEqual([topic]);
  });

  test('does not ring before its metric was there once', () => {
    expect(Properties.TreatMissingData).not.toBe('breaching');
    // Its first state is INSUFFICIENT_DATA, and only a change of the state mails.
    if (Properties.TreatMissingData === 'missing')
      expect(Properties.InsufficientDataActions).toEqual(Properties.AlarmActions);
    else expect(Properties.InsufficientDataActions).toBeUndefined();
  });

  test('has no more metrics than CloudWatch takes', () => {
    const metrics = (Properties.Metrics ?? []) as { MetricStat?: unknown }[];
    expect(metrics.filter(({ MetricStat }) => MetricStat).length).toBeLessThanOrEqual(10);
  });
});

test('every article about an alarm has its alarm', () => {
  const section = manual.split(/^## /m).find((text) => text.startsWith('Alarms'));
  const articles = [...(section ?? '').matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
  expect(articles.toSorted()).toEqual([...new Set(alarms.map(({ about }) => about))].toSorted());
});

test('each function outside the state machine, each rule and each table is watched, however many there are', () => {
  const watched = (about: string) =>
    alarms
      .filter((alarm) => alarm.about === about)
      .flatMap(
        ({ Properties }) => Properties.Metrics as { MetricStat?: { Metric: { Dimensions: { Value: object }[] } } }[],
      )
      .flatMap(({ MetricStat }) => MetricStat?.Metric.Dimensions.map(({ Value }) => JSON.stringify(Value)) ?? []);
  const names = (type: string) => resources(type).map(({ id }) => JSON.stringify({ Ref: id }));
  expect(watched('EventsUndelivered').toSorted()).toEqual(names('AWS::Events::Rule').toSorted());
  for (const about of ['ReadsThrottled', 'WritesThrottled'])
    expect(watched(about).toSorted()).toEqual(names('AWS::DynamoDB::GlobalTable').toSorted());
  const definition = JSON.stringify(resource('AWS::StepFunctions::StateMachine').Properties);
  const outside = names('AWS::Lambda::Function').filter((name) => !definition.includes(JSON.parse(name).Ref));
  expect(outside.length).toBeGreaterThan(10);
  for (const about of ['FunctionErrors', 'FunctionsThrottled'])
    expect(watched(about).toSorted()).toEqual(outside.toSorted());
});

test('the operators get mail', () => {
  expect(
    resources('AWS::SNS::Subscription').map(({ Properties }) => [Properties.Protocol, Properties.Endpoint]),
  ).toEqual([['email', 'operators@example.org']]);
});

test('a delivery that is too large rings, by the status that the API gave', () => {
  const filter = resource('AWS::Logs::MetricFilter');
  expect(filter.Properties).toMatchObject({
    LogGroupName: { Ref: resource('AWS::Logs::LogGroup', 'ApiAccessLog').id },
    FilterPattern: '{ $.status = "413" }',
  });
  const [transformation] = filter.Properties.MetricTransformations;
  const alarm = alarms.find(({ name }) => name === 'Slipway-DeliveriesTooLarge');
  expect(alarm?.Properties).toMatchObject({
    MetricName: transformation.MetricName,
    Namespace: transformation.MetricNamespace,
  });
  const { Format } = resource('AWS::ApiGatewayV2::Stage').Properties.AccessLogSettings;
  expect(JSON.parse(Format).status).toBe('$context.status');
});

test('builds that no machine begins ring, also where CodeBuild takes none', () => {
  const { Properties } = alarms.find(({ name }) => name === 'Slipway-BuildsQueued') ?? {};
  const { namespace, service, queued } = buildMetrics;
  expect(Properties).toMatchObject({
    Namespace: namespace,
    MetricName: queued,
    Dimensions: [{ Name: 'service', Value: service }],
    Statistic: 'Maximum',
    Period: 900,
  });
});

test('a function that runs regularly is left to its next run, by EventBridge and by Lambda', () => {
  const scheduled = resources('AWS::Events::Rule').filter(({ Properties }) => Properties.ScheduleExpression);
  const retries = resources('AWS::Lambda::EventInvokeConfig');
  expect(retries).toHaveLength(scheduled.length);
  for (const { Properties } of scheduled) {
    const [{ Arn, RetryPolicy }] = Properties.Targets;
    const own = retries.find((each) => each.Properties.FunctionName.Ref === Arn['Fn::GetAtt'][0]);
    expect(own?.Properties).toMatchObject({ Qualifier: '$LATEST', ...RetryPolicy });
    if (Properties.ScheduleExpression.includes('minutes')) expect(RetryPolicy.MaximumRetryAttempts).toBe(0);
  }
});
