import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import type { PipelineFunction } from './pipeline-function.ts';

interface RegularRunProps {
  description: string;
  function: PipelineFunction;
  rate: Duration;
}

/** Calls a function again and again. */
export class RegularRun extends Rule {
  constructor(scope: Construct, id: string, { description, function: target, rate }: RegularRunProps) {
    const isFrequent = rate.toHours({ integral: false }) < 1;
    // What one run could not do the next makes good, unless that is a day away.
    const retries = isFrequent
      ? { maxEventAge: rate, retryAttempts: 0 }
      : { maxEventAge: Duration.hours(6), retryAttempts: 2 };
    super(scope, id, {
      description,
      schedule: Schedule.rate(rate),
      targets: [new LambdaFunction(target.function, retries)],
    });
    // EventBridge's retries end when Lambda has the event. Lambda itself runs a function that failed twice more, one and three minutes
    // later, beside the next run. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    target.function.configureAsyncInvoke(retries);
  }
}
