import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { PipelineFunction, type PipelineFunctionProps } from './pipeline-function.ts';

interface ScheduledFunctionProps extends PipelineFunctionProps {
  rate: Duration;
  /** The alarm that rings when its runs stop, or none of them comes to its end. */
  stopped: StoppedAlarm;
}

interface StoppedAlarm {
  /** `BasesUnwatched` */
  name: string;
  /** What has not finished: `check for changed base images`. */
  what: string;
}

/** A function that runs again and again. */
export class ScheduledFunction extends PipelineFunction {
  readonly rule: Rule;
  readonly rate: Duration;
  readonly stopped: StoppedAlarm;

  constructor(scope: Construct, id: string, { rate, stopped, ...props }: ScheduledFunctionProps) {
    super(scope, id, props);
    this.rate = rate;
    this.stopped = stopped;
    // What one run could not do the next makes good, unless that is a day away.
    const retries = isFrequent(rate)
      ? { maxEventAge: rate, retryAttempts: 0 }
      : { maxEventAge: Duration.hours(6), retryAttempts: 2 };
    this.rule = new Rule(this, 'Rule', {
      description: `Starts ${id}.`,
      schedule: Schedule.rate(rate),
      targets: [new LambdaFunction(this.function, retries)],
    });
    // EventBridge's retries end when Lambda has the event. Lambda itself runs a function that failed twice more, one and three minutes
    // later, beside the next run. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    this.function.configureAsyncInvoke(retries);
    // Operators also start a run by hand (docs/operations.md).
    new CfnOutput(Stack.of(this), `${id}FunctionName`, { value: this.function.functionName });
  }

  /** For how long no run may have come to its end before somebody is needed: several runs of a frequent one, two of a daily one. */
  get patience(): Duration {
    return isFrequent(this.rate) ? Duration.hours(1) : Duration.days(2);
  }
}

const isFrequent = (rate: Duration) => rate.toHours({ integral: false }) < 1;
