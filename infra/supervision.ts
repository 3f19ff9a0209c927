import { Duration, PhysicalName, Stack } from 'aws-cdk-lib';
import { type IRuleTarget, Rule, type RuleProps } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { ArnPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { digestPrefix } from '../services/tables/digests.ts';
import type { Builder } from './builder.ts';
import { allow } from './permissions.ts';
import type { Pipeline } from './pipeline.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Records } from './records.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import type { Starting } from './starting.ts';
import type { State } from './state.ts';
import type { Telling } from './telling.ts';
import type { Triggers } from './triggers.ts';

interface SupervisionProps {
  builder: Builder;
  pipeline: Pipeline;
  records: Records;
  starting: Starting;
  state: State;
  telling: Telling;
  triggers: Triggers;
}

/** How often the records are compared with what AWS knows of the builds. */
const reconciliation = Duration.minutes(15);

/** What watches the pipeline from outside, and ends what it could not end itself. */
export class Supervision extends Construct {
  readonly trackBuild: PipelineFunction;
  readonly closeBuild: PipelineFunction;
  readonly reconcileBuilds: ScheduledFunction;
  readonly rules: Rule[];

  constructor(scope: Construct, id: string, props: SupervisionProps) {
    super(scope, id);
    const { builder, pipeline, records, starting, state, telling, triggers } = props;

    this.trackBuild = new PipelineFunction(this, 'TrackBuild', {
      description: 'Marks a build as building once CodeBuild has begun it, or stops it if it was ended already.',
      timeout: Duration.minutes(1),
      memoryMegabytes: 512,
    });
    state.builds.grant(this.trackBuild, 'UpdateItem');
    builder.grantStop(this.trackBuild);

    this.closeBuild = new PipelineFunction(this, 'CloseBuild', {
      description: 'Closes the build of an execution that could not do so itself, and notifies people.',
      timeout: Duration.minutes(1),
      memoryMegabytes: 512,
    });
    this.reconcileBuilds = new ScheduledFunction(this, 'ReconcileBuilds', {
      description:
        'Compares the records with the executions: finds builds that nothing runs, and starts or closes them.',
      rate: reconciliation,
      timeout: Duration.minutes(5),
      memoryMegabytes: 512,
      stopped: { name: 'ReconciliationStopped', what: 'check for builds without an execution' },
    });
    state.builds.grantQuery(this.reconcileBuilds, 'byStatus');
    starting.grant(this.reconcileBuilds);
    pipeline.grantDescribe(this.reconcileBuilds);
    state.cascades.grant(this.reconcileBuilds, 'GetItem');
    state.cascades.grantQuery(this.reconcileBuilds, 'byOpen');
    state.cascades.grantItems(this.reconcileBuilds, digestPrefix, 'UpdateItem');
    triggers.grantSend(this.reconcileBuilds, ['cascade-step']);
    for (const closer of [this.closeBuild, this.reconcileBuilds]) {
      state.projects.grant(closer, 'UpdateItem');
      records.grantRead(closer, 'result');
      telling.grant(closer);
    }

    this.rules = [
      this.#rule(builder.access ?? this, 'BuildBegan', this.trackBuild, {
        description: 'CodeBuild has begun a build.',
        eventPattern: {
          source: ['aws.codebuild'],
          detailType: ['CodeBuild Build State Change'],
          detail: {
            'project-name': builder.all.map(({ projectName }) => projectName),
            'build-status': ['IN_PROGRESS'],
          },
        },
      }),
      this.#rule(this, 'ExecutionEnded', this.closeBuild, {
        description: "An execution has ended in a way that the state machine's own Catch cannot see.",
        eventPattern: {
          source: ['aws.states'],
          detailType: ['Step Functions Execution Status Change'],
          detail: {
            stateMachineArn: [pipeline.stateMachine.stateMachineArn],
            status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          },
        },
      }),
    ];
  }

  #rule(scope: Construct, id: string, { function: target }: PipelineFunction, props: RuleProps): Rule {
    const rule = new Rule(scope, id, props);
    rule.addTarget(
      Stack.of(rule) === Stack.of(this) ? new LambdaFunction(target, retries) : functionElsewhere(rule, target),
    );
    return rule;
  }
}

// A lost event is made good by the next reconciliation, so that older ones need not be tried again.
const retries = { maxEventAge: reconciliation, retryAttempts: 10 };

/**
 * The function of another account, which EventBridge calls under a role of the rule's account.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
 */
function functionElsewhere(rule: Rule, target: IFunction): IRuleTarget {
  const role = new Role(rule, 'Role', {
    roleName: PhysicalName.GENERATE_IF_NEEDED,
    description: 'What a rule may do: hand its events to a function of the pipeline.',
    assumedBy: new ServicePrincipal('events.amazonaws.com'),
  });
  allow(role, { actions: ['lambda:InvokeFunction'], resources: [target.functionArn] });
  target.addPermission(rule.node.id, { principal: new ArnPrincipal(role.roleArn) });
  return {
    bind: () => ({
      arn: target.functionArn,
      role,
      retryPolicy: {
        maximumEventAgeInSeconds: retries.maxEventAge.toSeconds(),
        maximumRetryAttempts: retries.retryAttempts,
      },
    }),
  };
}
