import { Duration, Stack } from 'aws-cdk-lib';
import { ArnPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { VariableName } from '../services/environment.ts';
import type { Config } from './config.ts';
import type { GitHost } from './git-host.ts';
import { allow, type Grantee } from './permissions.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Records } from './records.ts';
import type { Repositories } from './repositories.ts';
import type { Secrets } from './secrets.ts';
import type { State } from './state.ts';

interface BuildSessionsProps {
  gitHost: GitHost;
  records: Records;
  repositories: Repositories;
  secrets: Secrets;
  state: State;
  settings: Pick<Config['build'], 'buildkitImage' | 'prebuildImage' | 'pullThrough'>;
}

/** The role of all builds' sessions. What is granted to it is named to the builder. */
class SessionRole extends Construct implements Grantee {
  readonly grantPrincipal: Role;
  readonly variables: Partial<Record<VariableName, string>> = {};

  constructor(scope: Construct, id: string, { issuer }: { issuer: PipelineFunction }) {
    super(scope, id);
    this.grantPrincipal = new Role(this, 'Role', {
      // The role's own policy need not allow it: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
      assumedBy: issuer.grantPrincipal,
      description: 'What the builds together may do; the policy of its session limits each to what is its own.',
    });
  }

  setVariable(name: VariableName, value: string): void {
    this.variables[name] = value;
  }
}

/**
 * Gives each build credentials of its own. CodeBuild runs all builds under one role and can neither limit nor name its sessions, so that
 * role may only ask here (docs/decisions/credentials-per-build.md).
 */
export class BuildSessions extends Construct {
  readonly function: PipelineFunction;
  readonly #session: SessionRole;

  constructor(scope: Construct, id: string, props: BuildSessionsProps) {
    const { gitHost, records, repositories, secrets, state, settings } = props;
    const { buildkitImage, prebuildImage, pullThrough } = settings;
    super(scope, id);
    this.function = new PipelineFunction(this, 'BuildCredentials', {
      description: 'Gives a build that proves which one it is the credentials for its own records and repositories.',
      timeout: Duration.seconds(30),
      memoryMegabytes: 512,
    });
    state.builds.grant(this.function, 'GetItem');
    state.projects.grant(this.function, 'GetItem');
    state.projects.grantQuery(this.function, 'byName');
    repositories.grantDescribe(this.function);
    records.grantArn(this.function);
    secrets.grantBuildSecretsArn(this.function);
    secrets.grantReadPullCredentials(this.function);
    gitHost.grantSourceCredentials(this.function);
    this.function.setVariable('PULL_THROUGH', JSON.stringify(pullThrough));
    this.function.setVariable('PREBUILD_IMAGE', prebuildImage);
    this.function.setVariable('BUILDKIT_IMAGE', buildkitImage);

    this.#session = new SessionRole(this, 'Session', { issuer: this.function });
    this.function.setVariable('BUILD_SESSION_ROLE', this.#session.grantPrincipal.roleArn);
    records.grantReadRequest(this.#session);
    records.grantWrite(this.#session, 'log', 'steps', 'packages', 'result', 'scanners', 'cyclonedx', 'spdx');
    repositories.grantBuild(this.#session);
    secrets.grantReadBuildSecrets(this.#session);
    repositories.grantPullThrough(this.#session, Object.values(pullThrough));
  }

  /** Lets the builder ask for credentials, and names to it what they are for. */
  grantRequest(grantee: Grantee & { grantPrincipal: Role }): void {
    const { function: issuer } = this.function;
    allow(grantee, { actions: ['lambda:InvokeFunction'], resources: [issuer.functionArn] });
    // From another account both sides have to allow it: https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-cross-account.html
    if (Stack.of(grantee) !== Stack.of(this))
      issuer.addPermission('Builder', { principal: new ArnPrincipal(grantee.grantPrincipal.roleArn) });
    // Its ARN, because the name alone is looked for in the builder's own account.
    grantee.setVariable('CREDENTIALS_FUNCTION', issuer.functionArn);
    for (const [name, value] of Object.entries(this.#session.variables))
      grantee.setVariable(name as VariableName, value);
  }
}
