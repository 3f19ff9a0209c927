import { describe, expect, test } from 'vitest';
import { type Candidate, expiredImages, lifecyclePolicySchema } from '../../../local/registry/lifecycle.ts';

const day = 24 * 60 * 60 * 1000;
const now = 1000 * day;
const image = (digest: string, age: number, ...tags: string[]): Candidate => ({
  digest,
  tags,
  pushedAt: now - age * day,
});

function rule(rulePriority: number, selection: Record<string, unknown>) {
  return { rulePriority, selection, action: { type: 'expire' } };
}

function expired(rules: unknown[], images: Candidate[]): string[] {
  return expiredImages(lifecyclePolicySchema.parse({ rules }), images, now);
}

const byAge = (tagStatus: string, countNumber: number, more = {}) => ({
  tagStatus,
  countType: 'sinceImagePushed',
  countUnit: 'days',
  countNumber,
  ...more,
});
const byCount = (tagStatus: string, countNumber: number, more = {}) => ({
  tagStatus,
  countType: 'imageCountMoreThan',
  countNumber,
  ...more,
});

describe('images expire', () => {
  const images = [
    image('a', 1, 'prod-1'),
    image('b', 3, 'prod-2', 'x'),
    image('c', 5),
    image('d', 9, 'test-1'),
    image('e', 20),
  ];

  test.each([
    ['by age', [rule(1, byAge('any', 4))], ['c', 'd', 'e']],
    ['without a tag by age', [rule(1, byAge('untagged', 6))], ['e']],
    ['by count, the oldest first', [rule(1, byCount('any', 2))], ['c', 'd', 'e']],
    ['by a prefix of their tags', [rule(1, byCount('tagged', 1, { tagPrefixList: ['prod'] }))], ['b']],
    ['by a pattern of their tags', [rule(1, byCount('tagged', 1, { tagPatternList: ['*-1'] }))], ['d']],
    ['only if every pattern is on them', [rule(1, byAge('tagged', 1, { tagPatternList: ['prod*', 'x'] }))], ['b']],
    [
      'by the first rule that selects them',
      [rule(2, byAge('any', 1)), rule(1, byCount('tagged', 5, { tagPatternList: ['*'] }))],
      ['c', 'e'],
    ],
  ])('%s', (_what, rules, digests) => {
    expect(expired(rules, images)).toEqual(digests);
  });
});

test.each([
  ['without a rule', []],
  ['with a number twice', [rule(1, byAge('untagged', 1)), rule(1, byAge('any', 2))]],
  ['with a rule after the one for any image', [rule(1, byAge('any', 1)), rule(2, byAge('untagged', 2))]],
  ['for tags that it does not name', [rule(1, byAge('tagged', 1))]],
  ['with tags for images without tags', [rule(1, byAge('untagged', 1, { tagPrefixList: ['x'] }))]],
  ['with days for a count', [rule(1, { ...byCount('any', 1), countUnit: 'days' })]],
  ['without days for an age', [rule(1, { tagStatus: 'any', countType: 'sinceImagePushed', countNumber: 1 })]],
  ['with nothing to keep', [rule(1, byCount('any', 0))]],
  ['that does something else', [{ ...rule(1, byAge('any', 1)), action: { type: 'archive' } }]],
])('a policy %s is none', (_what, rules) => {
  expect(lifecyclePolicySchema.safeParse({ rules }).success).toBe(false);
});
