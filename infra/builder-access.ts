import { Lazy, PhysicalName } from 'aws-cdk-lib';
import { AccountPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { allow } from './permissions.ts';

/**
 * How the account of the pipeline reaches machines in another account (docs/decisions/builds-in-their-own-account.md). Both roles trust
 * that account; whether one of its own roles may assume them, its policies say.
 */
export class BuilderAccess extends Construct {
  /** By it the state machine runs builds. */
  readonly run: Role;
  /** By it functions end builds before their time. */
  readonly stop: Role;

  #stateMachine = '';

  constructor(scope: Construct, id: string, { account, projects }: { account: string; projects: string[] }) {
    super(scope, id);
    const trusted = new AccountPrincipal(account);
    this.run = new Role(this, 'Run', {
      roleName: PhysicalName.GENERATE_IF_NEEDED,
      description: 'What the state machine of the pipeline may do here: run builds.',
      // Step Functions says for which state machine it asks.
      // https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cross-acct-sync-pattern.html
      assumedBy: trusted.withConditions({
        StringEquals: { 'sts:ExternalId': Lazy.string({ produce: () => this.#stateMachine }) },
      }),
    });
    // No event reports the end of a build in another account: it asks.
    allow(this.run, {
      actions: ['codebuild:StartBuild', 'codebuild:BatchGetBuilds', 'codebuild:StopBuild'],
      resources: projects,
    });
    this.stop = new Role(this, 'Stop', {
      roleName: PhysicalName.GENERATE_IF_NEEDED,
      description: 'What the functions of the pipeline may do here: end builds.',
      assumedBy: trusted,
    });
    allow(this.stop, { actions: ['codebuild:StopBuild'], resources: projects });
  }

  /** Names the one state machine that runs builds here. */
  setStateMachine(arn: string): void {
    this.#stateMachine = arn;
  }
}
