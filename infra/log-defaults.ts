import { type IPropertyInjector, RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, type LogGroupProps, type RetentionDays } from 'aws-cdk-lib/aws-logs';

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
