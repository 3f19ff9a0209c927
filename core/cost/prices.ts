import * as z from 'zod';

/** When the sources said so. */
export const pricesReadOn = '2026-11-29';

/** The region whose prices these are; others differ by up to a half. */
export const pricesRegion = 'us-east-1';

interface Price {
  /** In US dollars, without free tiers, discounts and taxes. */
  usd: number;
  source: string;
}

const codeBuild = 'https://c3x.dev/resources/aws/aws_codebuild_project/';
const unconfirmed = 'not confirmed: the price of LARGE by processors';

/**
 * A minute of CodeBuild on Linux; one that has begun counts in full. No source was found for ARM, which is cheaper: these are the prices of
 * x86.
 */
export const buildMinute = {
  SMALL: { usd: 0.005, source: codeBuild },
  MEDIUM: { usd: 0.01, source: codeBuild },
  LARGE: { usd: 0.02, source: codeBuild },
  X_LARGE: { usd: 0.09, source: unconfirmed },
  X2_LARGE: { usd: 0.18, source: unconfirmed },
} as const satisfies Record<string, Price>;

export const computeTypeSchema = z.enum(Object.keys(buildMinute) as (keyof typeof buildMinute)[]);

export type ComputeType = z.infer<typeof computeTypeSchema>;

const dynamoDb = 'https://airbyte.com/data-engineering-resources/dynamodb-pricing';
const s3 = 'https://devnotes.tech/understanding-aws-s3-pricing-a-complete-cost-breakdown-with-examples';
const lambda = 'https://cloudchipr.com/blog/aws-lambda-pricing';

/** One of each. */
export const prices = {
  transition: { usd: 0.025 / 1000, source: 'https://aws.amazon.com/step-functions/pricing/' },
  functionCall: { usd: 0.2 / 1e6, source: lambda },
  /** On ARM, on which all functions run. */
  functionGigabyteSecond: { usd: 0.0000133334, source: lambda },
  tableWrite: { usd: 0.625 / 1e6, source: dynamoDb },
  tableRead: { usd: 0.125 / 1e6, source: dynamoDb },
  objectWrite: { usd: 0.005 / 1000, source: s3 },
  objectRead: { usd: 0.0004 / 1000, source: s3 },
  queueRequest: { usd: 0.4 / 1e6, source: 'not confirmed' },
  event: { usd: 1 / 1e6, source: 'not confirmed' },
  signature: {
    usd: 0.15 / 10_000,
    source: 'https://www.factualminds.com/blog/aws-kms-pricing-keys-requests-multi-region/',
  },
  mail: { usd: 0.1 / 1000, source: 'not confirmed' },
  imageGigabyteMonth: { usd: 0.1, source: 'not confirmed' },
} as const satisfies Record<string, Price>;
