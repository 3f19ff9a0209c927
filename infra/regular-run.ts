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
  constructor(scope: Construct, { description, function: target, rate }: RegularRunProps) {
    const isFrequent = rate.toHours({ integral: false }) < 1;
    super(scope, 'Rule', {
      description,
      schedule: Schedule.rate(rate),
      targets: [
        new LambdaFunction(
          target.function,
          // What one run could not do the next makes good, unless that is a day away.
          isFrequent ? { maxEventAge: rate, retryAttempts: 0 } : { maxEventAge: Duration.hours(6), retryAttempts: 2 },
        ),
      ],
    });
  }
}
