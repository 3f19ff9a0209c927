/** When a state of the pipeline is tried again after an error, how often, and why no longer. */
import { Duration } from 'aws-cdk-lib';
import { Errors, JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';
import {
  InvalidInputError,
  RecordConflictError,
  ReleaseBusyError,
  SigningUnavailableError,
  UpstreamError,
} from '../core/model/errors.ts';

/**
 * What Lambda itself may stumble over: 2 + 4 + 8 + 16 + 32 s are a minute at most.
 * https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
 */
export const serviceTrouble: RetryProps = {
  errors: [
    'Lambda.ClientExecutionTimeoutException',
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.TooManyRequestsException',
    // The function's process crashed or ran out of time: every step may run twice.
    // https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    'Lambda.Unknown',
    'Sandbox.Timedout',
  ],
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxAttempts: 5,
  jitterStrategy: JitterType.FULL,
};

/** The git host or the registry answered with nonsense: 5 + 10 + 20 + 40 s: trouble that lasts longer is not temporary. */
export const upstreamTrouble: RetryProps = {
  errors: [UpstreamError.name],
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxAttempts: 4,
};

/** With the first wait of a minute 15 minutes: by then there is no scan. */
export const scanAwaited: RetryProps = {
  errors: [Errors.TIMEOUT],
  interval: Duration.seconds(1),
  backoffRate: 1,
  maxAttempts: 14,
};

/** The other build may release for 15 minutes: the first seven pauses are 64 s together, the other 31 of 30 s make it 16 minutes and more. */
export const releaseBusy: RetryProps = {
  errors: [ReleaseBusyError.name],
  interval: Duration.seconds(2),
  backoffRate: 1.5,
  maxDelay: Duration.seconds(30),
  maxAttempts: 38,
};

/** The signing key is disabled, or KMS is in trouble. The first seven pauses are 10 minutes together, the other 10 of 5 minutes make it an hour. */
export const keyUnavailable: RetryProps = {
  errors: [SigningUnavailableError.name],
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxDelay: Duration.minutes(5),
  maxAttempts: 17,
};

/** What no other try can help. */
export const notRetried: RetryProps = {
  errors: [RecordConflictError.name, InvalidInputError.name],
  interval: Duration.seconds(1),
  backoffRate: 1,
  maxAttempts: 0,
};

/**
 * The build has ended, and people must be notified of it. What keeps the mail back (SES's rate or daily quota, a function that
 * crashed) may pass. The first eight pauses are 21 minutes together, the other 23 of 15 minutes make it six hours.
 */
export const toNotify: RetryProps = {
  errors: [Errors.ALL],
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxDelay: Duration.minutes(15),
  maxAttempts: 31,
};

/**
 * The account's builds are at their limit and the queue, five times as long, is full; or the limit is 0, as in some new accounts, until
 * AWS has raised it. 30 + 60 + 120 + 240 s, then 286 times 300 s are a day. Without jitter: it would halve the day, and builds that were
 * started together find room in any order. https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
 */
export const noRoom: RetryProps = {
  errors: ['CodeBuild.AccountLimitExceededException'],
  interval: Duration.seconds(30),
  backoffRate: 2,
  maxDelay: Duration.minutes(5),
  maxAttempts: 290,
};

/** CodeBuild itself is in trouble: 5 + 10 + 20 + 40 + 80 s. A build that began and failed is `States.TaskFailed`, and is not begun again. */
export const buildServiceTrouble: RetryProps = {
  errors: ['CodeBuild.CodeBuildException', 'CodeBuild.SdkClientException'],
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxAttempts: 5,
  jitterStrategy: JitterType.FULL,
};
