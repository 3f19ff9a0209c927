const names = /Throttl|TooManyRequests|ProvisionedThroughputExceeded|RequestLimitExceeded|SlowDown/;

/**
 * Whether AWS refuses a call because there are too many, also after the SDK has tried again:
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
export const isThrottled = (error: unknown): boolean => error instanceof Error && names.test(error.name);
