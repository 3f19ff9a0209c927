import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, PhysicalName, Stack } from 'aws-cdk-lib';
import { ComputeType, LinuxArmBuildImage, LinuxBuildImage, Project, Source } from 'aws-cdk-lib/aws-codebuild';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { Platform } from '../core/model/platform.ts';
import type { VariableName } from '../services/environment.ts';
import type { BuildSessions } from './build-sessions.ts';
import { BuilderAccess } from './builder-access.ts';
import { writeTools } from './builder-tools.ts';
import { builderBundles, madeHere } from './bundle.ts';
import type { Config } from './config.ts';
import type { GitHost } from './git-host.ts';
import { acknowledge, allow, type Grantee } from './permissions.ts';

const sources = join(import.meta.dirname, '..', 'builder');

/** What the builder itself may take for its end: to stop the engine, to upload the rest of the log and the result. */
const graceSeconds = 120;

interface BuilderProps {
  gitHost: GitHost;
  sessions: BuildSessions;
  settings: Config['build'];
  /** Whether the program brings the tools that a build needs; else a build installs them where the machine has none. */
  hasTools: boolean;
}

/**
 * The machines that run untrusted users' Dockerfiles. Their role can fetch the builder's program, write CodeBuild's log, and ask for the
 * credentials of a build.
 */
export class Builder extends Construct implements Grantee {
  /** By platform: a machine builds for its own alone. */
  readonly projects: Readonly<Record<Platform, Project>>;
  /** The one that is built for where an entry names none. */
  readonly platform: Platform;
  /** When CodeBuild stops a build that did not stop itself. */
  readonly timeout: Duration;
  readonly queuedTimeout = Duration.hours(8);
  readonly grantPrincipal: Role;
  /** Where the machines are in another account than the pipeline: how it reaches them. */
  readonly access: BuilderAccess | undefined;
  readonly #variables: Partial<Record<VariableName, string>> = {};

  constructor(scope: Construct, id: string, { gitHost, sessions, settings, hasTools }: BuilderProps) {
    super(scope, id);
    // CodeBuild counts in minutes, five at least.
    this.timeout = Duration.minutes(Math.max(5, Math.ceil((settings.timeoutSeconds + graceSeconds) / 60)));
    this.grantPrincipal = new Role(this, 'Role', {
      roleName: PhysicalName.GENERATE_IF_NEEDED,
      assumedBy: new ServicePrincipal('codebuild.amazonaws.com'),
      description: 'What the machine of a build may do: ask for the credentials of its build.',
    });
    this.platform = settings.architecture === 'arm64' ? 'linux/arm64' : 'linux/amd64';
    const logGroup = new LogGroup(this, 'Log');
    logGroup.grantWrite(this.grantPrincipal);
    sessions.grantRequest(this);
    gitHost.grantFetch(this);
    this.setVariable('PREBUILD_IMAGE', settings.prebuildImage);
    this.setVariable('BUILDKIT_IMAGE', settings.buildkitImage);
    this.setVariable('PULL_THROUGH', JSON.stringify(settings.pullThrough));

    const projectFor = (platform: Platform) => this.#project(platform, { hasTools, logGroup, settings });
    this.projects = { 'linux/amd64': projectFor('linux/amd64'), 'linux/arm64': projectFor('linux/arm64') };
    const pipeline = Stack.of(sessions);
    this.access =
      Stack.of(this) === pipeline
        ? undefined
        : new BuilderAccess(this, 'Access', { account: pipeline.account, projects: this.#projectArns });
  }

  get project(): Project {
    return this.projects[this.platform];
  }

  get all(): Project[] {
    return Object.values(this.projects);
  }

  setVariable(name: VariableName, value: string): void {
    this.#variables[name] = value;
  }

  /** Ends a build before its time. */
  grantStop(grantee: Grantee): void {
    if (this.access === undefined) {
      allow(grantee, { actions: ['codebuild:StopBuild'], resources: this.#projectArns });
    } else {
      const { roleArn } = this.access.stop;
      allow(grantee, { actions: ['sts:AssumeRole'], resources: [roleArn] });
      grantee.setVariable('STOP_BUILDS_ROLE', roleArn);
    }
  }

  get #projectArns(): string[] {
    return this.all.map(({ projectArn }) => projectArn);
  }

  #project(
    platform: Platform,
    { hasTools, logGroup, settings }: Pick<BuilderProps, 'hasTools' | 'settings'> & { logGroup: LogGroup },
  ): Project {
    const id = platform === this.platform ? '' : 'Other';
    const program = this.#program(`${id}Program`, hasTools ? { platform, ...settings } : undefined);
    const project = new Project(this, `${id}Project`, {
      projectName: PhysicalName.GENERATE_IF_NEEDED,
      description: 'Builds an image from a repository and pushes it as a candidate.',
      source: Source.s3({ bucket: program.bucket, path: program.s3ObjectKey }),
      // CDK would add what it thinks a project needs: every log group of that name, reports, reads of the whole assets bucket.
      role: this.grantPrincipal.withoutPolicyUpdates(),
      environment: {
        // The container engine needs it. https://docs.aws.amazon.com/codebuild/latest/userguide/sample-docker-section.html
        privileged: true,
        buildImage:
          platform === 'linux/arm64'
            ? LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_4_0
            : LinuxBuildImage.AMAZON_LINUX_2023_6,
        computeType: ComputeType[settings.computeType],
      },
      environmentVariables: Object.fromEntries(
        Object.entries(this.#variables).map(([name, value]) => [name, { value }]),
      ),
      logging: { cloudWatch: { logGroup } },
      timeout: this.timeout,
      queuedTimeout: this.queuedTimeout,
      // The state machine tries again, and knows when that can help.
      autoRetryLimit: 0,
      // No concurrentBuildLimit: it makes further builds fail where the account's own limit queues them.
      // https://docs.aws.amazon.com/codebuild/latest/userguide/builds-working.html
    });
    acknowledge(
      project,
      'AwsSolutions-CB4',
      'The key would encrypt artifacts, and the project has none: what it makes goes to ECR and to the records bucket.',
    );
    return project;
  }

  #program(id: string, toolsFor: Parameters<typeof writeTools>[1] | undefined): Asset {
    const program = new Asset(this, id, {
      path: sources,
      // Without tools the program is the same for every machine.
      ...madeHere(toolsFor ? id : 'Program', (folder) => {
        for (const [stem, code] of builderBundles()) writeFileSync(join(folder, `${stem}.cjs`), code);
        copyFileSync(join(sources, 'buildspec.yml'), join(folder, 'buildspec.yml'));
        if (toolsFor !== undefined) writeTools(folder, toolsFor);
      }),
    });
    allow(this, {
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [program.bucket.arnForObjects(program.s3ObjectKey)],
    });
    // CodeBuild checks who owns the bucket. https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
    allow(this, { actions: ['s3:GetBucketAcl', 's3:GetBucketLocation'], resources: [program.bucket.bucketArn] });
    return program;
  }
}
