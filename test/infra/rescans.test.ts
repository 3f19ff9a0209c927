import { describe, expect, test } from 'vitest';
import { flatten } from '../../infra/flatten.ts';
import { compilePattern } from '../../local/aws/events/pattern.ts';
import { functionOf, type Resource, resources } from './template.ts';

/** The rules that call a function. */
const rulesOf = (stem: string): Resource[] => {
  const { id } = functionOf(stem).resource;
  return resources('AWS::Events::Rule').filter(({ Properties }) => Properties.Targets[0].Arn['Fn::GetAtt'][0] === id);
};
const name = 'slipway/demo/app';
const candidate = 'slipway/candidate/demo/app';

/** The pattern of a rule with references put into words, as those of the event below are. */
const patternOf = ({ Properties }: Resource): unknown =>
  JSON.parse(JSON.stringify(Properties.EventPattern), (_key, value) =>
    typeof value === 'object' && value !== null && 'Fn::Join' in value ? flatten(value) : value,
  );
const arnOf = (repository: string) =>
  flatten({
    'Fn::Join': [
      '',
      [
        'arn:',
        { Ref: 'AWS::Partition' },
        ':ecr:',
        { Ref: 'AWS::Region' },
        ':',
        { Ref: 'AWS::AccountId' },
        `:repository/${repository}`,
      ],
    ],
  });
const hears = (event: object, stem = 'record-findings') =>
  rulesOf(stem).some((rule) => compilePattern(patternOf(rule))(event));

const ecr = (repository: string, status: string) => ({
  source: 'aws.ecr',
  'detail-type': 'ECR Image Scan',
  detail: { 'scan-status': status, 'repository-name': repository, 'image-digest': 'sha256:1', 'image-tags': [] },
});
const inspected = (repository: string) => ({
  source: 'aws.inspector2',
  'detail-type': 'Inspector2 Scan',
  detail: { 'scan-status': 'INITIAL_SCAN_COMPLETE', 'repository-name': arnOf(repository) },
});
const found = (repository: string, status: string) => ({
  source: 'aws.inspector2',
  'detail-type': 'Inspector2 Finding',
  detail: {
    status,
    resources: [{ type: 'AWS_ECR_CONTAINER_IMAGE', details: { awsEcrContainerImage: { repositoryName: repository } } }],
  },
});

describe('the events of scanners', () => {
  test.each([
    ['a scan that is complete', ecr(name, 'COMPLETE')],
    ['a scan that failed', ecr(name, 'FAILED')],
    ['an image that cannot be scanned', ecr(name, 'UNSUPPORTED_IMAGE')],
    ["Inspector's first scan", inspected(name)],
    ['a new finding', found(name, 'ACTIVE')],
    ['a finding that is over', found(name, 'CLOSED')],
  ])('are received: %s', (_what, event) => {
    expect(hears(event)).toBe(true);
  });

  test.each([
    ['a scan of a candidate', ecr(candidate, 'COMPLETE')],
    ["Inspector's first scan of a candidate", inspected(candidate)],
    ['a finding in a candidate', found(candidate, 'ACTIVE')],
    [
      'a finding in something else',
      {
        source: 'aws.inspector2',
        'detail-type': 'Inspector2 Finding',
        detail: { resources: [{ details: { awsEc2Instance: {} } }] },
      },
    ],
    ['a push', { source: 'aws.ecr', 'detail-type': 'ECR Image Action', detail: { 'repository-name': name } }],
  ])('are not received: %s', (_what, event) => {
    expect(hears(event)).toBe(false);
  });
});

test('a build goes on with a scan of its candidate, whatever its outcome, and with no other event', () => {
  const resumes = (event: object) => hears(event, 'resume-build');
  expect([ecr(candidate, 'COMPLETE'), ecr(candidate, 'FAILED'), inspected(candidate)].map(resumes)).toEqual([
    true,
    true,
    true,
  ]);
  expect([ecr(name, 'COMPLETE'), inspected(name), found(candidate, 'ACTIVE')].map(resumes)).toEqual([
    false,
    false,
    false,
  ]);
});
