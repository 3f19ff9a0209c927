import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../../local/aws/events/pattern.ts';

const event = {
  source: 'aws.ecr',
  resources: ['arn:1', 'arn:2'],
  detail: {
    'scan-status': 'COMPLETE',
    name: 'Demo/App',
    count: 7,
    ratio: 300,
    none: null,
    flag: true,
    empty: [],
    address: '10.0.0.7',
    nested: { deep: 'x' },
    list: [
      { kind: 'a', size: 1 },
      { kind: 'b', size: 2 },
    ],
  },
};

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html */
describe('a pattern', () => {
  test.each<[string, object, boolean]>([
    ['an equal text', { source: ['aws.ecr'] }, true],
    ['one of several', { source: ['aws.s3', 'aws.ecr'] }, true],
    ['another text', { source: ['aws.s3'] }, false],
    ['one of a list in the event', { resources: ['arn:2'] }, true],
    ['a number', { detail: { count: [7] } }, true],
    ['a number as text', { detail: { count: ['7'] } }, false],
    ['null', { detail: { none: [null] } }, true],
    ['a flag', { detail: { flag: [true] } }, true],
    ['a beginning that it must have', { source: [{ prefix: 'aws.' }] }, true],
    ['a beginning that it must have, and has not', { source: [{ prefix: 'aws.x' }] }, false],
    ['a beginning that it must not have, and has', { source: [{ 'anything-but': { prefix: 'aws.' } }] }, false],
    ['a beginning that it must not have', { source: [{ 'anything-but': { prefix: 'aws.s' } }] }, true],
    ['several of those, of which it has one', { source: [{ 'anything-but': { prefix: ['x', 'aws'] } }] }, false],
    ['what must not begin so, and is not there', { detail: { other: [{ 'anything-but': { prefix: 'x' } }] } }, false],
    ['what is not there', { detail: { other: [null] } }, false],
    ['two fields of the same object in a list', { detail: { list: { kind: ['b'], size: [2] } } }, true],
    ['two fields of different objects in a list', { detail: { list: { kind: ['a'], size: [2] } } }, false],
  ])('with %s', (_name, pattern, matches) => {
    expect(compilePattern(pattern)(event)).toBe(matches);
  });

  test.each<[string, unknown]>([
    ['an empty list', { source: [] }],
    ['a bare value', { source: 'aws.ecr' }],
    ['nothing', {}],
    ['an operator', { source: [{ suffix: 'aws.' }] }],
    ['alternatives', { $or: [{ source: ['aws.ecr'] }] }],
  ])('with %s is refused', (_name, pattern) => {
    expect(() => compilePattern(pattern)).toThrow(/Event pattern is not valid/);
  });
});
