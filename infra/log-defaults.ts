import { type IPropertyInjector, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { LogGroup, type LogGroupProps, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/**
 * The defaults of every log group of a stack: it is kept for so many days, and deleted with the stack.
 * https://docs.aws.amazon.com/cdk/v2/guide/blueprints.html
 */
export class LogDefaults implements IPropertyInjector {
  readonly constructUniqueId = LogGroup.PROPERTY_INJECTION_ID;
  readonly #retention: RetentionDays;

  constructor(retention: RetentionDays) {
    this.#retention = retention;
  }

  inject(props: LogGroupProps): LogGroupProps {
    return { retention: this.#retention, removalPolicy: RemovalPolicy.DESTROY, ...props };
  }
}

/**
 * The name of a log group that a service of AWS itself writes. The service adds each such group to a resource policy of the account, which
 * has room for 5,120 characters: in an account with many of them a deployment fails. Groups below `/aws/vendedlogs/` share one entry.
 * https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
 */
export function vendedLog(scope: Construct, kind: 'apis' | 'states'): string {
  return `/aws/vendedlogs/${kind}/${Stack.of(scope).stackName}`;
}
