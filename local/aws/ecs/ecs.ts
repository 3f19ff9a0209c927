import { randomInt } from 'node:crypto';
import * as z from 'zod';
import { type Account, AwsError, type InputProblem, operation, type Service } from '../service.ts';
import { type Deployment, deployed, type EcsService, progressed, serviceSchema } from './deployments.ts';
import { createTaskDefinitions } from './task-definitions.ts';

const cluster = z.string().min(1).default('default');
const circuitBreaker = z
  .object({ deploymentCircuitBreaker: z.object({ enable: z.boolean(), rollback: z.boolean() }).optional() })
  .default({});

/**
 * Elastic Container Service: task definitions and services, as far as a deployment needs them. No task runs here: one whose images the
 * registry has counts as running, and one with another image of the registry cannot be pulled. (Containers of this machine are replaced
 * by Systems Manager, `aws/ssm/`.) https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html
 */
export function createEcs(account: Account, registry: { has(image: string): boolean }): Service {
  const { database } = account;
  database.exec(`
    create table if not exists ecs_cluster (name text primary key) strict;
    create table if not exists ecs_service (arn text primary key, service text not null) strict;`);
  const addCluster = database.prepare('insert or ignore into ecs_cluster values (?)');
  const oneCluster = database.prepare('select name from ecs_cluster where name = ?');
  const put = database.prepare('insert or replace into ecs_service values (?, ?)');
  const one = database.prepare('select service from ecs_service where arn = ?');
  const all = database.prepare('select service from ecs_service');
  const definitions = createTaskDefinitions(account);
  const timers = new Set<NodeJS.Immediate>();
  let isRunning = false;

  const arn = (resource: string) => `arn:aws:ecs:${account.region}:${account.id}:${resource}`;
  const nameOf = (written: string) => written.split('/').at(-1) ?? '';
  const serviceArn = (of: string, name: string) => arn(`service/${nameOf(of)}/${nameOf(name)}`);
  const find = (of: string, name: string): EcsService | undefined => {
    const row = one.get(serviceArn(of, name));
    return row && serviceSchema.parse(JSON.parse(String(row.service)));
  };
  const assertCluster = (name: string) => {
    if (!oneCluster.get(nameOf(name))) throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  };
  const newId = () => `ecs-svc/${randomInt(1e9, 9e9)}${randomInt(1e8, 9e8)}`;
  const save = (service: EcsService) => void put.run(service.serviceArn, JSON.stringify(service));

  /** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html */
  const emit = (service: EcsService, { id, rolloutState, rolloutStateReason }: Deployment) =>
    account.emit({
      source: 'aws.ecs',
      'detail-type': 'ECS Deployment State Change',
      resources: [service.serviceArn],
      detail: {
        eventType: rolloutState === 'FAILED' ? 'ERROR' : 'INFO',
        eventName: `SERVICE_DEPLOYMENT_${rolloutState}`,
        deploymentId: id,
        updatedAt: new Date().toISOString(),
        reason: rolloutStateReason,
      },
    });

  const starts = (taskDefinition: string) =>
    definitions.find(taskDefinition).containerDefinitions.every(({ image }) => {
      const isOwn = image.startsWith(`${new URL(account.url).host}/`);
      return !isOwn || registry.has(image);
    });

  const goOn = (of: string) => {
    const row = one.get(of);
    if (!row) return;
    const before = serviceSchema.parse(JSON.parse(String(row.service)));
    const after = progressed(before, starts(before.taskDefinition), Date.now() / 1000);
    save(after);
    const [primary] = after.deployments;
    if (!primary || primary.rolloutState === 'IN_PROGRESS' || before.deployments[0]?.rolloutState !== 'IN_PROGRESS')
      return;
    emit(after, primary);
    const good = before.deployments.find(({ rolloutState }) => rolloutState === 'COMPLETED');
    if (primary.rolloutState !== 'FAILED' || !after.deploymentConfiguration.deploymentCircuitBreaker?.rollback || !good)
      return;
    const reason = `ECS deployment circuit breaker: rolling back to deploymentId ${good.id}.`;
    begin(deployed(after, good.taskDefinition, { now: Date.now() / 1000, id: newId(), reason }));
  };

  const begin = (service: EcsService): EcsService => {
    save(service);
    const [primary] = service.deployments;
    if (primary) emit(service, primary);
    later(service.serviceArn);
    return service;
  };

  const later = (of: string) => {
    if (!isRunning) return;
    const timer = setImmediate(() => {
      timers.delete(timer);
      goOn(of);
    });
    timers.add(timer);
  };

  const onService = (action: string) => (input: { cluster: string; service: string }) => [
    {
      action: `ecs:${action}`,
      resource: serviceArn(input.cluster, input.service),
      context: { 'ecs:cluster': arn(`cluster/${nameOf(input.cluster)}`) },
    },
  ];

  return {
    signingName: 'ecs',
    protocol: 'json-1.1',
    invalidInput,
    resources: {},
    operations: {
      ...definitions.operations,

      CreateCluster: operation({
        input: z.object({
          clusterName: z
            .string()
            .regex(/^[\w-]{1,255}$/)
            .default('default'),
        }),
        permissions: () => [{ action: 'ecs:CreateCluster', resource: '*' }],
        handle({ clusterName }) {
          addCluster.run(clusterName);
          return { cluster: { clusterArn: arn(`cluster/${clusterName}`), clusterName, status: 'ACTIVE' } };
        },
      }),

      CreateService: operation({
        input: z.object({
          cluster,
          serviceName: z.string().regex(/^[\w-]{1,255}$/),
          taskDefinition: z.string().min(1),
          desiredCount: z.int().min(0).default(1),
          launchType: z.enum(['EC2', 'FARGATE', 'EXTERNAL']).default('EC2'),
          deploymentController: z.object({ type: z.enum(['ECS', 'CODE_DEPLOY', 'EXTERNAL']) }).default({ type: 'ECS' }),
          deploymentConfiguration: circuitBreaker,
        }),
        permissions: (input) => onService('CreateService')({ ...input, service: input.serviceName }),
        handle({ cluster: of, taskDefinition, ...rest }) {
          assertCluster(of);
          if (find(of, rest.serviceName))
            throw new AwsError('InvalidParameterException', 'Creation of service was not idempotent.');
          const { taskDefinitionArn } = definitions.find(taskDefinition);
          const now = Date.now() / 1000;
          const empty: EcsService = {
            ...rest,
            serviceArn: serviceArn(of, rest.serviceName),
            clusterArn: arn(`cluster/${nameOf(of)}`),
            status: 'ACTIVE',
            taskDefinition: taskDefinitionArn,
            deployments: [],
            createdAt: now,
          };
          return { service: begin(deployed(empty, taskDefinitionArn, { now, id: newId() })) };
        },
      }),

      UpdateService: operation({
        input: z.object({
          cluster,
          service: z.string().min(1),
          taskDefinition: z.string().min(1).optional(),
          forceNewDeployment: z.boolean().default(false),
        }),
        permissions: onService('UpdateService'),
        handle({ cluster: of, service: name, taskDefinition, forceNewDeployment }) {
          assertCluster(of);
          const service = find(of, name);
          if (!service) throw new AwsError('ServiceNotFoundException', 'Service not found.');
          if (service.deploymentController.type !== 'ECS' && taskDefinition !== undefined)
            throw new AwsError(
              'InvalidParameterException',
              'Unable to update task definition on services with a CODE_DEPLOY deployment controller.',
            );
          const wanted =
            taskDefinition === undefined ? service.taskDefinition : definitions.find(taskDefinition).taskDefinitionArn;
          // ECS begins a deployment only for what changes.
          if (wanted === service.taskDefinition && !forceNewDeployment) return { service };
          return { service: begin(deployed(service, wanted, { now: Date.now() / 1000, id: newId() })) };
        },
      }),

      DescribeServices: operation({
        input: z.object({ cluster, services: z.array(z.string().min(1)).min(1).max(10) }),
        permissions: ({ cluster: of, services }) =>
          services.flatMap((service) => onService('DescribeServices')({ cluster: of, service })),
        handle({ cluster: of, services }) {
          assertCluster(of);
          const found = services.map((name) => find(of, name) ?? { arn: serviceArn(of, name), reason: 'MISSING' });
          return {
            services: found.filter((each) => 'serviceArn' in each),
            failures: found.filter((each) => 'reason' in each),
          };
        },
      }),
    },

    start() {
      isRunning = true;
      for (const row of all.all()) later(serviceSchema.parse(JSON.parse(String(row.service))).serviceArn);
    },
    stop() {
      isRunning = false;
      for (const timer of timers) clearImmediate(timer);
    },
  };
}

/** ECS has a sentence for each mistake, and no general one. */
function invalidInput({ member, message }: InputProblem): AwsError {
  if (member === 'containerDefinitions') return new AwsError('ClientException', 'Container list cannot be empty.');
  return new AwsError(
    'InvalidParameterException',
    member === 'tags' ? 'Tags can not be empty.' : `Invalid ${member}: ${message}`,
  );
}
