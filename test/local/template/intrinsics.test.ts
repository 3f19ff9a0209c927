import { describe, expect, test } from 'vitest';
import { noValue, referencesOf, resolve, type Scope } from '../../../local/template/intrinsics.ts';

const scope: Scope = {
  ref: (name) => (name === 'AWS::NoValue' ? noValue : `ref-${name}`),
  getAtt: (logicalId, attribute) => `${logicalId}/${attribute}`,
  condition: (name) => name === 'Yes',
  mapping: (...path) => path.join('-'),
};

describe('an intrinsic function', () => {
  test.each([
    ['Ref', { Ref: 'Queue' }, 'ref-Queue'],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'Queue/Arn'],
    ['GetAtt as text', { 'Fn::GetAtt': 'Queue.Arn.Sub' }, 'Queue/Arn.Sub'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'B' }, 3]] }, 'a-ref-B-3'],
    ['Sub', { 'Fn::Sub': `\${A}/\${B.Arn}/\${!C}` }, `ref-A/B/Arn/\${C}`],
    ['Sub with variables', { 'Fn::Sub': [`\${x} \${Y}`, { x: { Ref: 'X' } }] }, 'ref-X ref-Y'],
    ['Select and Split', { 'Fn::Select': ['1', { 'Fn::Split': ['/', { 'Fn::GetAtt': ['Q', 'Arn'] }] }] }, 'Arn'],
    ['If', { 'Fn::If': ['Yes', 'a', { Ref: 'B' }] }, 'a'],
    ['If not', { 'Fn::If': ['No', 'a', { Ref: 'B' }] }, 'ref-B'],
    ['Equals', { 'Fn::Equals': [{ Ref: 'A' }, 'ref-A'] }, true],
    ['And', { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] }, false],
    ['Or', { 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'No' }] }, true],
    ['Not', { 'Fn::Not': [{ Condition: 'No' }] }, true],
    ['Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
    ['FindInMap', { 'Fn::FindInMap': ['M', { Ref: 'A' }, 'k'] }, 'M-ref-A-k'],
  ])('%s', (_, value, result) => {
    expect(resolve({ Property: value }, scope)).toEqual({ Property: result });
  });

  test('NoValue takes its property and its element away', () => {
    const absent = { Ref: 'AWS::NoValue' };
    expect(resolve({ a: absent, b: [1, absent, { 'Fn::If': ['No', 1, absent] }] }, scope)).toEqual({ b: [1] });
  });

  test("leaves a policy statement's Condition alone", () => {
    const statement = { Condition: { Bool: { 'aws:SecureTransport': 'false' } } };
    expect(resolve(statement, scope)).toEqual(statement);
  });

  test.each([
    [{ 'Fn::ImportValue': 'x' }, /Fn::ImportValue is not supported/],
    [{ 'Fn::GetAZs': '' }, /Fn::GetAZs is not supported/],
    ['{{resolve:secretsmanager:x:SecretString}}', /dynamic reference/],
    [{ 'Fn::Join': ['', ['{{resolve:', 'ssm:x}}']] }, /dynamic reference/],
    [{ 'Fn::Select': [5, ['a']] }, /no element 5/],
  ])('%j is an error', (value, message) => {
    expect(() => resolve(value, scope)).toThrow(message);
  });
});

test('references are found wherever they stand', () => {
  const value = {
    a: [{ Ref: 'A' }],
    b: { 'Fn::Sub': [`\${B.Arn} \${x} \${!No}`, { x: { 'Fn::GetAtt': ['C', 'Arn'] } }] },
    c: { 'Fn::GetAtt': 'D.Arn' },
  };
  expect([...referencesOf(value)].toSorted()).toEqual(['A', 'B', 'C', 'D']);
});
