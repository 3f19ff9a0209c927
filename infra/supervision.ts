import { Duration } from 'aws-cdk-lib';
import { Rule, type RuleProps } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { digestPrefix } from '../services/tables/digests.ts';
import type { Builder } from './builder.ts';
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

/** How often the records are held against what AWS knows of the builds. */
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
        'Holds the records against the executions: finds builds that nothing runs, and starts or closes them.',
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
      this.#rule('BuildBegan', this.trackBuild, {
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
      this.#rule('ExecutionEnded', this.closeBuild, {
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

  #rule(id: string, target: PipelineFunction, props: RuleProps): Rule {
    // A lost event is made good by the next reconciliation, so that older ones need not be tried again.
    return new Rule(this, id, {
      ...props,
      targets: [new LambdaFunction(target.function, { maxEventAge: reconciliation, retryAttempts: 10 })],
    });
  }
}
