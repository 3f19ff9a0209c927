import { z } from 'zod';
import { wildcard } from '../aws/wildcard.ts';

const selectionSchema = z
  .strictObject({
    tagStatus: z.enum(['tagged', 'untagged', 'any']),
    tagPrefixList: z.array(z.string().min(1)).min(1).optional(),
    tagPatternList: z.array(z.string().min(1).max(128)).min(1).optional(),
    countType: z.enum(['imageCountMoreThan', 'sinceImagePushed']),
    countUnit: z.literal('days').optional(),
    countNumber: z.int().positive(),
  })
  .refine(({ countType, countUnit }) => (countType === 'sinceImagePushed') === (countUnit === 'days'), {
    message: 'countUnit goes with sinceImagePushed, and with it alone',
    path: ['countUnit'],
  })
  .refine(
    ({ tagStatus, tagPrefixList, tagPatternList }) =>
      tagStatus === 'tagged'
        ? (tagPrefixList === undefined) !== (tagPatternList === undefined)
        : tagPrefixList === undefined && tagPatternList === undefined,
    { message: 'tagged wants one of tagPrefixList and tagPatternList, the others want none', path: ['tagStatus'] },
  );

const ruleSchema = z.strictObject({
  rulePriority: z.int().positive(),
  description: z.string().optional(),
  selection: selectionSchema,
  action: z.strictObject({ type: z.literal('expire') }),
});

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html */
export const lifecyclePolicySchema = z
  .strictObject({ rules: z.array(ruleSchema).min(1).max(50) })
  .refine(({ rules }) => new Set(rules.map((rule) => rule.rulePriority)).size === rules.length, {
    message: 'rulePriority must be unique',
    path: ['rules'],
  })
  .refine(({ rules }) => rules.every(({ selection }, index) => selection.tagStatus !== 'any' || isLast(rules, index)), {
    message: 'a rule for any image must have the highest rulePriority',
    path: ['rules'],
  });

export type LifecyclePolicy = z.infer<typeof lifecyclePolicySchema>;

export interface Candidate {
  digest: string;
  tags: string[];
  pushedAt: number;
}

const day = 24 * 60 * 60 * 1000;

/**
 * The digests that a policy lets go. All rules look at the same images; an image that a rule with a lower number selects is no
 * concern of a later one, whether it expires or not.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules
 */
export function expiredImages({ rules }: LifecyclePolicy, images: Candidate[], now: number): string[] {
  const expired: string[] = [];
  const claimed = new Set<string>();
  const newestFirst = images.toSorted((one, other) => other.pushedAt - one.pushedAt);
  for (const { selection } of rules.toSorted((one, other) => one.rulePriority - other.rulePriority)) {
    const selected = newestFirst.filter((image) => isSelected(selection, image));
    const over =
      selection.countType === 'imageCountMoreThan'
        ? selected.slice(selection.countNumber)
        : selected.filter(({ pushedAt }) => pushedAt < now - selection.countNumber * day);
    expired.push(...over.map(({ digest }) => digest).filter((digest) => !claimed.has(digest)));
    for (const { digest } of selected) claimed.add(digest);
  }
  return expired;
}

/** Every prefix, or pattern, of a list must be on the image. */
function isSelected(
  { tagStatus, tagPrefixList, tagPatternList }: z.infer<typeof selectionSchema>,
  { tags }: Candidate,
) {
  if (tagStatus === 'any') return true;
  if (tagStatus === 'untagged') return tags.length === 0;
  const patterns = tagPatternList ?? tagPrefixList?.map((prefix) => `${prefix}*`) ?? [];
  return patterns.every((pattern) => tags.some(wildcard(pattern)));
}

function isLast(rules: { rulePriority: number }[], index: number): boolean {
  return rules.every((rule) => rule.rulePriority <= (rules[index]?.rulePriority ?? 0));
}
