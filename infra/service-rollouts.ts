import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { type EventPattern, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { AllowedService } from '../core/rollouts/allowed-service.ts';
import type { Api } from './api.ts';
import type { Config } from './config.ts';
import type { GitHost } from './git-host.ts';
import type { Notifications } from './notifications.ts';
import { allow } from './permissions.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { State } from './state.ts';

interface RolloutsProps {
  api: Api;
  config: Config;
  gitHost: GitHost;
  notifications: Notifications;
  state: State;
}

/** An event that is lost is made good by `retry-deliveries`, which asks what has become of it. */
const oldestEvent = Duration.minutes(5);

/**
 * Tells services to run a release: those that the configuration names, and no others. Of the stack's roles only that of this function may,
 * and on servers it can run only the one script.
 */
export class ServiceRollouts extends Construct {
  readonly function: PipelineFunction;
  readonly rules: Rule[] = [];

  constructor(scope: Construct, id: string, { api, config, gitHost, notifications, state }: RolloutsProps) {
    super(scope, id);
    const { services, taskRoles } = config.deploy;
    this.function = new PipelineFunction(this, 'RollServices', {
      description: 'Has services of ECS, and containers on servers, run a release.',
      timeout: Duration.minutes(5),
      memoryMegabytes: 512,
    });
    this.function.setVariable('ROLLED_SERVICES', JSON.stringify(services));
    state.projects.grant(this.function, 'GetItem');
    state.targets.grant(this.function, 'GetItem', 'PutItem', 'Query');
    state.targets.grantQuery(this.function, 'byDueTime');
    notifications.grantSend(this.function);
    gitHost.grantIndexLink(this.function);
    api.grantLink(this.function);
    this.#allowEcs(services, taskRoles);
    this.#allowServers(services);
  }

  #allowEcs(services: readonly AllowedService[], taskRoles: string[]): void {
    const stack = Stack.of(this);
    const arns = services
      .filter((each) => each.kind === 'ecs')
      .map(({ cluster, service }) =>
        stack.formatArn({ service: 'ecs', resource: 'service', resourceName: `${cluster}/${service}` }),
      );
    if (arns.length === 0) return;
    allow(this.function, { actions: ['ecs:DescribeServices', 'ecs:UpdateService'], resources: arns });
    allow(this.function, {
      actions: ['ecs:DescribeTaskDefinition', 'ecs:RegisterTaskDefinition'],
      resources: ['*'],
      because:
        'A task definition gets its number when it is registered. What runs it is decided by the other statements.',
    });
    allow(this.function, {
      actions: ['ecs:TagResource'],
      resources: [stack.formatArn({ service: 'ecs', resource: 'task-definition', resourceName: '*' })],
      because: 'The tags of a revision are those of the one before.',
    });
    if (taskRoles.length > 0) {
      allow(this.function, {
        actions: ['iam:PassRole'],
        resources: taskRoles,
        conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
      });
    }
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
    this.#follow('DeploymentChanged', 'A deployment of a service has ended.', {
      source: ['aws.ecs'],
      detailType: ['ECS Deployment State Change'],
      resources: arns,
      detail: { eventName: ['SERVICE_DEPLOYMENT_COMPLETED', 'SERVICE_DEPLOYMENT_FAILED'] },
    });
  }

  #allowServers(services: readonly AllowedService[]): void {
    const document = new CfnDocument(this, 'ReplaceContainer', {
      documentType: 'Command',
      documentFormat: 'JSON',
      updateMethod: 'NewVersion',
      content: {
        schemaVersion: '2.2',
        description: 'Has a container run from another image.',
        parameters: {
          Image: {
            type: 'String',
            description: 'The image, by digest.',
            allowedPattern: '^[a-z0-9.:-]{1,253}/[a-z0-9._/-]{1,255}@sha256:[0-9a-f]{64}$',
          },
          Container: {
            type: 'String',
            description: 'The name of the container.',
            allowedPattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$',
          },
          CalledAt: {
            type: 'String',
            description: 'When the release was called for: an older one does not take the place of a newer one.',
            allowedPattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,16}Z$',
          },
        },
        mainSteps: [
          {
            name: 'ReplaceContainer',
            action: 'aws:runShellScript',
            inputs: {
              timeoutSeconds: '900',
              runCommand: [readFileSync(join(import.meta.dirname, 'replace-container.sh'), 'utf8')],
            },
          },
        ],
      },
    });
    this.function.setVariable('REPLACE_CONTAINER_DOCUMENT', document.ref);
    const tags = Map.groupBy(
      services.filter((each) => each.kind === 'ssm').map(({ servers }) => servers.split(/=(.*)/s) as [string, string]),
      ([key]) => key,
    );
    if (tags.size === 0) return;
    const stack = Stack.of(this);
    const instances = [
      stack.formatArn({ service: 'ec2', resource: 'instance', resourceName: '*' }),
      stack.formatArn({ service: 'ssm', resource: 'managed-instance', resourceName: '*' }),
    ];
    allow(this.function, {
      actions: ['ssm:SendCommand'],
      resources: [stack.formatArn({ service: 'ssm', resource: 'document', resourceName: document.ref })],
    });
    for (const [key, values] of tags) {
      allow(this.function, {
        actions: ['ssm:SendCommand'],
        resources: instances,
        // https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html
        conditions: { StringEquals: { [`ssm:resourceTag/${key}`]: values.map(([, value]) => value) } },
        because: 'Servers come and go; the condition leaves those with the tag.',
      });
    }
    allow(this.function, {
      actions: ['ssm:ListCommands', 'ssm:ListCommandInvocations', 'ssm:GetCommandInvocation'],
      resources: ['*'],
      because: 'A command gets its number when it is sent.',
    });
    this.#follow('CommandChanged', 'A command on servers has ended.', {
      source: ['aws.ssm'],
      detailType: ['EC2 Command Status-change Notification'],
      detail: { 'document-name': [document.ref], status: ['Success', 'Failed', 'TimedOut', 'Cancelled'] },
    });
  }

  #follow(id: string, description: string, eventPattern: EventPattern): void {
    const targets = [new LambdaFunction(this.function.function, { maxEventAge: oldestEvent, retryAttempts: 5 })];
    this.rules.push(new Rule(this, id, { description, eventPattern, targets }));
  }
}
