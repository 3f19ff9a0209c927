import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Api } from './api.ts';
import type { GitHost } from './git-host.ts';
import type { Notifications } from './notifications.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { State } from './state.ts';

interface ExceptionWarningsProps {
  api: Api;
  gitHost: GitHost;
  notifications: Notifications;
  state: State;
  logRetention: RetentionDays;
}

/** Tells people, a week before, that what the index accepts for their project ends, and once more when it has ended. */
export class ExceptionWarnings extends Construct {
  readonly function: PipelineFunction;
  readonly rule: Rule;

  constructor(scope: Construct, id: string, props: ExceptionWarningsProps) {
    super(scope, id);
    const { api, gitHost, notifications, state, logRetention } = props;
    this.function = new PipelineFunction(this, 'WarnExceptions', {
      description: 'Mails the people of projects whose exceptions end.',
      timeout: Duration.minutes(15),
      memoryMegabytes: 512,
      logRetention,
    });
    state.projects.grant(this.function, 'UpdateItem');
    state.projects.grantQuery(this.function, 'byExceptionEnd');
    notifications.grantSend(this.function);
    gitHost.grantIndexLink(this.function);
    api.grantLink(this.function);
    this.rule = new Rule(this, 'Rule', {
      description: 'Exceptions that end are looked for.',
      schedule: Schedule.rate(Duration.days(1)),
      targets: [new LambdaFunction(this.function.function, { maxEventAge: Duration.hours(6), retryAttempts: 2 })],
    });
  }
}
