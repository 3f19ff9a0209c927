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

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html */
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
    ['prefix', { detail: { name: [{ prefix: 'Demo/' }] } }, true],
    ['prefix in any case', { detail: { name: [{ prefix: { 'equals-ignore-case': 'DEMO/' } }] } }, true],
    ['suffix', { detail: { name: [{ suffix: 'app' }] } }, false],
    ['equals-ignore-case', { detail: { name: [{ 'equals-ignore-case': 'demo/app' }] } }, true],
    ['wildcard', { detail: { name: [{ wildcard: '*/A*p' }] } }, true],
    ['anything-but', { detail: { name: [{ 'anything-but': ['x', 'y'] }] } }, true],
    ['anything-but what it is', { detail: { name: [{ 'anything-but': 'Demo/App' }] } }, false],
    ['anything-but a prefix', { detail: { name: [{ 'anything-but': { prefix: 'Demo' } }] } }, false],
    ['anything-but of what is not there', { detail: { other: [{ 'anything-but': 'x' }] } }, false],
    ['numeric', { detail: { count: [{ numeric: ['>', 0, '<=', 7] }] } }, true],
    ['numeric outside', { detail: { count: [{ numeric: ['>', 7] }] } }, false],
    ['exists', { detail: { none: [{ exists: true }] } }, true],
    ['exists not', { detail: { other: [{ exists: false }] } }, true],
    ['exists of an object', { detail: { nested: [{ exists: true }] } }, false],
    ['exists not of an empty list', { detail: { empty: [{ exists: false }] } }, true],
    ['cidr', { detail: { address: [{ cidr: '10.0.0.0/24' }] } }, true],
    ['cidr elsewhere', { detail: { address: [{ cidr: '10.0.1.0/24' }] } }, false],
    ['$or, one side', { $or: [{ source: ['aws.s3'] }, { detail: { count: [7] } }] }, true],
    ['$or beside a field that does not match', { detail: { count: [8] }, $or: [{ source: ['aws.ecr'] }] }, false],
    ['two fields of the same object in a list', { detail: { list: { kind: ['b'], size: [2] } } }, true],
    ['two fields of different objects in a list', { detail: { list: { kind: ['a'], size: [2] } } }, false],
  ])('with %s', (_name, pattern, matches) => {
    expect(compilePattern(pattern)(event)).toBe(matches);
  });

  test.each<[string, unknown]>([
    ['an empty list', { source: [] }],
    ['a bare value', { source: 'aws.ecr' }],
    ['nothing', {}],
    ['an unknown operator', { source: [{ like: 'x' }] }],
    ['two operators in one', { source: [{ prefix: 'x', suffix: 'y' }] }],
    ['two wildcards in a row', { source: [{ wildcard: 'a**' }] }],
    ['a range the wrong way round', { detail: { count: [{ numeric: ['<', 1, '>', 0] }] } }],
  ])('with %s is refused', (_name, pattern) => {
    expect(() => compilePattern(pattern)).toThrow(/Event pattern is not valid/);
  });
});
