import {
  ClusterNotFoundException,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ECSClient,
  ECSServiceException,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  type TaskDefinition,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { RolloutError, UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import type { Deployment } from '../../core/rollouts/progress.ts';

export interface ServiceName {
  cluster: string;
  service: string;
}

/** Services of Amazon ECS. If ECS refuses a call, its reason is thrown as an `UpstreamError`. */
export function createEcsServices(client: ECSClient) {
  const send = <Answer>(call: Promise<Answer>): Promise<Answer> =>
    call.catch((cause: unknown) => {
      if (!(cause instanceof ECSServiceException)) throw cause;
      throw new UpstreamError(`ECS answered ${cause.name}: ${cause.message}`, { cause });
    });

  return {
    /** @throws RolloutError if there is no such service, or another program deploys it */
    async describe({ cluster, service }: ServiceName): Promise<{ taskDefinition: string; deployments: Deployment[] }> {
      const describe = new DescribeServicesCommand({ cluster, services: [service] });
      const { services = [] } = await send(client.send(describe)).catch((error: unknown) => {
        const isCluster = error instanceof UpstreamError && error.cause instanceof ClusterNotFoundException;
        throw isCluster ? new RolloutError(`There is no ECS cluster ${cluster}.`, { cause: error }) : error;
      });
      const found = services.find(({ status }) => status === 'ACTIVE');
      if (!found) throw new RolloutError(`There is no ECS service ${service} in the cluster ${cluster}.`);
      const controller = found.deploymentController?.type ?? 'ECS';
      if (controller !== 'ECS')
        throw new RolloutError(
          `The ECS service ${service} is deployed by ${controller}, which alone may change its image.`,
        );
      return { taskDefinition: found.taskDefinition ?? '', deployments: found.deployments ?? [] };
    },

    /** A revision by its ARN; by a family, its newest one. */
    async definition(
      name: string,
    ): Promise<{ definition: TaskDefinition; tags: RegisterTaskDefinitionCommandInput['tags'] }> {
      const describe = new DescribeTaskDefinitionCommand({ taskDefinition: name, include: ['TAGS'] });
      const { taskDefinition, tags } = await send(client.send(describe));
      if (!taskDefinition) throw new UpstreamError(`ECS described no task definition ${name}.`);
      return { definition: taskDefinition, tags };
    },

    /** @returns the ARN of the new revision */
    async register(definition: TaskDefinition, tags: RegisterTaskDefinitionCommandInput['tags']): Promise<string> {
      const { family = '', containerDefinitions = [], ...rest } = definition;
      // No tags at all: an empty list is refused.
      const register = new RegisterTaskDefinitionCommand({
        ...rest,
        family,
        containerDefinitions,
        tags: tags?.length ? tags : undefined,
      });
      const { taskDefinition } = await send(client.send(register));
      if (!taskDefinition?.taskDefinitionArn) throw new UpstreamError(`ECS registered no revision of ${family}.`);
      return taskDefinition.taskDefinitionArn;
    },

    /** Has a service replace its tasks. @returns the id of the deployment */
    async update({ cluster, service }: ServiceName, taskDefinition: string): Promise<string> {
      const update = new UpdateServiceCommand({ cluster, service, taskDefinition });
      const { service: updated } = await send(client.send(update));
      const primary = updated?.deployments?.find(({ status }) => status === 'PRIMARY');
      if (!primary?.id) throw new UpstreamError(`ECS began no deployment of ${service}.`);
      return primary.id;
    },
  };
}

export type EcsServices = ReturnType<typeof createEcsServices>;

export const openEcsServices = once(() => createEcsServices(new ECSClient({})));
