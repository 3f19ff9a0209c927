import { ArnFormat, Duration, PhysicalName, RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  Choice,
  Condition,
  DefinitionBody,
  Errors,
  IntegrationPattern,
  JsonPath,
  LogLevel,
  StateMachine,
  Succeed,
  TaskInput,
  Timeout,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke, type LambdaInvokeProps } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import type { firstStepOf } from '../core/model/build.ts';
import { ScanEndedError, ScanPendingError } from '../core/model/errors.ts';
import type { Builder } from './builder.ts';
import { runBuilder, runBuilderForEachPlatform } from './builder-states.ts';
import type { Delivery } from './delivery.ts';
import { flatten } from './flatten.ts';
import { vendedLog } from './log-defaults.ts';
import { acknowledge, allow, type Grantee } from './permissions.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import {
  keyUnavailable,
  notRetried,
  releaseBusy,
  scanAwaited,
  serviceTrouble,
  toNotify,
  upstreamTrouble,
} from './retries.ts';
import type { Steps } from './steps.ts';

/** An event says when a scan has ended, which takes seconds to minutes. Where it is lost, the next look a minute later finds the scan. */
const betweenLooks = Duration.minutes(1);

type FirstStep = ReturnType<typeof firstStepOf>;

const build = JsonPath.stringAt('$.build');

/** Whether a build is to wait, and for how many seconds. */
const waitOrGoOn = {
  resultSelector: { 'outcome.$': '$.Payload.outcome', 'seconds.$': '$.Payload.seconds' },
  resultPath: '$.end',
};

/** The way of one build, from its request to the mail: states carry the build's id, and to its machine the build's token. */
export class Pipeline extends Construct {
  readonly stateMachine: StateMachine;
  /** What its states run. */
  readonly steps: readonly PipelineFunction[];

  constructor(
    scope: Construct,
    id: string,
    { builder, delivery, steps }: { builder: Builder; delivery: Delivery; steps: Steps },
  ) {
    super(scope, id);
    const tell = this.#run('Tell', steps.tell)
      .addRetry(notRetried)
      .addRetry(toNotify)
      .next(new Succeed(this, 'Notified'));
    const again = new Wait(this, 'Again', {
      comment: 'What the build needs may be there later: its base image, or a machine.',
      time: WaitTime.secondsPath('$.end.seconds'),
    });
    const fail = this.#run('Fail', steps.fail, { error: JsonPath.objectAt('$.error') }, waitOrGoOn);
    fail.next(
      new Choice(this, 'End', { comment: 'Most failures are final.' })
        .when(Condition.stringEquals('$.end.outcome', 'again'), again)
        .otherwise(tell),
    );
    const toFail = { errors: [Errors.ALL], resultPath: '$.error' };

    const release = this.#run('Release', steps.release).addRetry(releaseBusy).addCatch(fail, toFail);
    // A release stays valid if a target does not get it: the delivery is tried again later.
    const deliver = this.#run('Deliver', delivery.deliver).addCatch(tell, {
      errors: [Errors.ALL],
      resultPath: JsonPath.DISCARD,
    });
    release.next(deliver);
    deliver.next(tell);

    const sign = this.#run('Sign', steps.sign).addRetry(keyUnavailable).addCatch(fail, toFail);
    sign.next(release);

    // Nothing is built or judged: the image is that of an earlier release.
    const rollBack = this.#run('RollBack', steps.rollBack).addRetry(releaseBusy).addCatch(fail, toFail);
    rollBack.next(deliver);

    const judge = this.#run(
      'Judge',
      steps.judge,
      {},
      { resultSelector: { outcome: JsonPath.stringAt('$.Payload.outcome') }, resultPath: '$.verdict' },
    );
    judge
      .addCatch(fail, toFail)
      .next(
        new Choice(this, 'Verdict', { comment: 'Only "pass" releases.' })
          .when(Condition.stringEquals('$.verdict.outcome', 'pass'), sign)
          .otherwise(tell),
      );

    const collectScan = this.#run('CollectScan', steps.collectScan);
    const awaitScan = this.#run(
      'AwaitScan',
      steps.awaitScan,
      { token: JsonPath.taskToken },
      {
        integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
        taskTimeout: Timeout.duration(betweenLooks),
        resultPath: JsonPath.DISCARD,
      },
    )
      .addRetry(scanAwaited)
      .addCatch(collectScan, { errors: [ScanEndedError.name], resultPath: JsonPath.DISCARD })
      // Judge finds no findings then, and blocks.
      .addCatch(judge, { errors: [Errors.TIMEOUT], resultPath: JsonPath.DISCARD })
      .addCatch(fail, toFail);
    awaitScan.next(collectScan);
    collectScan
      .addCatch(awaitScan, { errors: [ScanPendingError.name], resultPath: JsonPath.DISCARD })
      .addCatch(fail, toFail)
      .next(judge);

    const start = runBuilder(this, 'Build', builder).addCatch(fail, toFail);
    start.next(collectScan);
    const joinPlatforms = this.#run('JoinPlatforms', steps.joinPlatforms, {
      machines: JsonPath.objectAt('$.machines'),
    }).addCatch(fail, toFail);
    joinPlatforms.next(collectScan);
    const machines = runBuilderForEachPlatform(this, builder).addCatch(fail, toFail);
    machines.next(joinPlatforms);
    const toBuild = new Choice(this, 'Platforms', { comment: 'Most builds are for one platform.' })
      .when(Condition.isPresent('$.platforms'), machines)
      .otherwise(start);

    // Has the build wait once more in the same way as `Fail`, if its project has no room for it.
    const goOn = this.#run('GoOn', steps.goOn, {}, waitOrGoOn).addCatch(fail, toFail);
    goOn.next(
      new Choice(this, 'Room', { comment: 'While the build waited, others of its project had its place.' })
        .when(Condition.stringEquals('$.end.outcome', 'again'), again)
        .otherwise(toBuild),
    );
    again.next(goOn);

    const issueToken = this.#run(
      'IssueToken',
      steps.issueToken,
      {},
      { resultSelector: { token: JsonPath.stringAt('$.Payload.token') }, resultPath: '$.issued' },
    );
    issueToken.addCatch(fail, toFail).next(toBuild);
    const first = new Choice(this, 'First', { comment: 'Most builds begin with the builder.' })
      .when(Condition.stringEquals('$.first', 'roll-back' satisfies FirstStep), rollBack)
      // The candidate of another build, which a hold has kept back.
      .when(Condition.stringEquals('$.first', 'scan' satisfies FirstStep), collectScan)
      // It was cancelled or superseded before there was anything to stop.
      .when(Condition.stringEquals('$.first', 'tell' satisfies FirstStep), tell)
      .otherwise(issueToken);

    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName: PhysicalName.GENERATE_IF_NEEDED,
      comment: 'From a request to a released image, a record and a mail.',
      definitionBody: DefinitionBody.fromChainable(first),
      // A day for room at CodeBuild's queue, three times eight hours in it, eight for a base image, eight to build at most, six for the
      // mail, and what the other states may take.
      timeout: Duration.hours(72),
      tracingEnabled: true,
      logs: {
        destination: new LogGroup(this, 'Log', { logGroupName: vendedLog(this, 'states') }),
        level: LogLevel.ALL,
        // The token of a build passes through two states. The history of the execution shows what the log leaves out.
        includeExecutionData: false,
      },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    builder.access?.setStateMachine(this.stateMachine.stateMachineArn);
    this.steps = [
      steps.issueToken,
      steps.joinPlatforms,
      steps.collectScan,
      steps.awaitScan,
      steps.judge,
      steps.sign,
      steps.release,
      steps.rollBack,
      delivery.deliver,
      steps.fail,
      steps.goOn,
      steps.tell,
    ];
    this.#acknowledgeWildcards();
  }

  /** Starts builds. An execution is named after its build's id, so that it cannot be started twice. */
  grantStart(grantee: Grantee): void {
    allow(grantee, { actions: ['states:StartExecution'], resources: [this.stateMachine.stateMachineArn] });
    grantee.setVariable('STATE_MACHINE_ARN', this.stateMachine.stateMachineArn);
  }

  /** Sees what has become of an execution. */
  grantDescribe(grantee: Grantee): void {
    allow(grantee, {
      actions: ['states:DescribeExecution'],
      resources: [this.#executions],
      because: "An execution is named after its build's id, and builds are made at run time.",
    });
    grantee.setVariable('STATE_MACHINE_ARN', this.stateMachine.stateMachineArn);
  }

  /** Lets a state go on that waits for its token. */
  grantResume(grantee: Grantee): void {
    allow(grantee, { actions: ['states:SendTaskSuccess'], resources: [this.stateMachine.stateMachineArn] });
  }

  /** Ends an execution before its time. */
  grantStop(grantee: Grantee): void {
    allow(grantee, {
      actions: ['states:StopExecution'],
      resources: [this.#executions],
      because: "An execution is named after its build's id, and builds are made at run time.",
    });
    grantee.setVariable('STATE_MACHINE_ARN', this.stateMachine.stateMachineArn);
  }

  get #executions(): string {
    return this.stateMachine.stack.formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${this.stateMachine.stateMachineName}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }

  #run(
    name: string,
    step: PipelineFunction,
    input: Record<string, unknown> = {},
    result: Pick<LambdaInvokeProps, 'integrationPattern' | 'resultSelector' | 'resultPath' | 'taskTimeout'> = {
      resultPath: JsonPath.DISCARD,
    },
  ): LambdaInvoke {
    const task = new LambdaInvoke(this, name, {
      lambdaFunction: step.function,
      payload: TaskInput.fromObject({ build, ...input }),
      // Our own retries, with one more error and an end that the comment explains.
      retryOnServiceExceptions: false,
      // The function ends before; this is for an answer that never comes.
      taskTimeout: Timeout.duration(step.timeout.plus(Duration.seconds(30))),
      ...result,
    });
    task.addRetry(serviceTrouble);
    task.addRetry(upstreamTrouble);
    return task;
  }

  #acknowledgeWildcards(): void {
    const { role } = this.stateMachine;
    for (const step of this.steps) {
      const arn = flatten(this.stateMachine.stack.resolve(step.function.functionArn));
      acknowledge(
        role,
        `AwsSolutions-IAM5[Resource::${arn}:*]`,
        'CDK lets the state machine run every version of the function; there is only one.',
      );
    }
    acknowledge(
      role,
      'AwsSolutions-IAM5[Resource::*]',
      'X-Ray and the delivery of logs know no resources. https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html',
    );
  }
}
