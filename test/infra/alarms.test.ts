import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resource, resources } from './template.ts';

const manual = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
const alarms = resources('AWS::CloudWatch::Alarm').map(({ Properties }) => ({
  name: Properties.AlarmName as string,
  Properties,
}));

/** The text below a heading, up to the next one of its rank. */
function article(name: string): string {
  return new RegExp(`^### ${name}\\n(.*?)(?=^##|(?![\\s\\S]))`, 'ms').exec(manual)?.[1] ?? '';
}

describe.each(alarms)('$name', ({ name, Properties }) => {
  const short = name.replace(/^Slipway-/, '');

  test('has an article that says what it means, where to look and what to do', () => {
    const text = article(short);
    for (const part of ['**Meaning.**', '**Look.**', '**Do.**']) expect(text).toContain(part);
    expect(Properties.AlarmDescription).toContain(`docs/operations.md#${short.toLowerCase()}`);
  });

  test('tells the operators when it begins and when it is over', () => {
    const topic = { Ref: resource('AWS::SNS::Topic').id };
    expect(Properties.AlarmActions).toEqual([topic]);
    expect(Properties.OKActions).toEqual([topic]);
  });

  test('has no more metrics than CloudWatch takes', () => {
    const metrics = (Properties.Metrics ?? []) as { MetricStat?: unknown }[];
    expect(metrics.filter(({ MetricStat }) => MetricStat).length).toBeLessThanOrEqual(10);
  });
});

test('every article about an alarm has its alarm', () => {
  const section = manual.split(/^## /m).find((text) => text.startsWith('Alarms'));
  const articles = [...(section ?? '').matchAll(/^### (\w+)$/gm)].map(([, name]) => `Slipway-${name}`);
  expect(articles.toSorted()).toEqual(alarms.map(({ name }) => name).toSorted());
});

test('the operators get mail', () => {
  expect(
    resources('AWS::SNS::Subscription').map(({ Properties }) => [Properties.Protocol, Properties.Endpoint]),
  ).toEqual([['email', 'operators@example.org']]);
});
