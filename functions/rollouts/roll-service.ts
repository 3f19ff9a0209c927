import { isDeepStrictEqual } from 'node:util';
import { type EcsService, isService, type ServerContainer } from '../../core/model/deploy-target.ts';
import { RolloutError, UpstreamError } from '../../core/model/errors.ts';
import type { Project } from '../../core/model/project.ts';
import { type AllowedService, describeService, isAllowed } from '../../core/rollouts/allowed-service.ts';
import { commandOutcome, deploymentOutcome } from '../../core/rollouts/progress.ts';
import { asRegistered, containerOf, withImage } from '../../core/rollouts/task-definition.ts';
import type { DeliveryOutcome, TargetState } from '../../core/targets/target-state.ts';
import type { EcsServices } from '../../services/aws/ecs-services.ts';
import type { ServerCommands } from '../../services/aws/server-commands.ts';

interface Services {
  ecs: EcsServices;
  servers: ServerCommands;
  /** What the operators allow. */
  allowed: readonly AllowedService[];
}

/** Makes a service or server run another image of a project, by digest; once that has begun, reports how far it is. */
export function createRollService({ ecs, servers, allowed }: Services) {
  async function rollEcs(
    { cluster, service, container }: EcsService,
    image: string,
    state: TargetState,
    now: Date,
  ): Promise<DeliveryOutcome> {
    const { taskDefinition, deployments } = await ecs.describe({ cluster, service });
    if (state.rollout) return deploymentOutcome(state.rollout, deployments, now);
    const { definition, tags } = await ecs.definition(taskDefinition);
    const primary = deployments.find(({ status }) => status === 'PRIMARY');
    const hasIt = containerOf(definition, container).image === image;
    if (hasIt && primary?.rolloutState === 'COMPLETED') return { kind: 'delivered' };
    if (hasIt && primary?.id) return deploymentOutcome(begun(primary.id, now), deployments, now);
    const next = withImage(definition, container, image);
    // If an earlier try registered it and crashed, it is the newest revision.
    const newest = (await ecs.definition(definition.family ?? '')).definition;
    const isRegistered = isDeepStrictEqual(asRegistered(newest), next);
    const revision = isRegistered ? (newest.taskDefinitionArn ?? '') : await ecs.register(next, tags);
    return { kind: 'rolling', rollout: begun(await ecs.update({ cluster, service }, revision), now) };
  }

  async function rollServers(
    target: ServerContainer,
    image: string,
    state: TargetState,
    now: Date,
  ): Promise<DeliveryOutcome> {
    if (state.rollout) return commandOutcome(state.rollout, await servers.command(state.rollout.id), now);
    const command = await servers.replaceContainer({ ...target, image, calledAt: state.since });
    return { kind: 'rolling', rollout: begun(command, now) };
  }

  return async function rollService(
    project: Pick<Project, 'name' | 'deploy'>,
    state: TargetState,
    now: Date,
  ): Promise<DeliveryOutcome> {
    const target = project.deploy?.filter(isService).find(({ name }) => name === state.target);
    if (!target) return { kind: 'failed', error: 'The index does not name it any more', isFinal: true };
    if (!isAllowed(allowed, project.name, target)) {
      const error = `The operators do not let ${project.name} deploy ${describeService(target)}. Ask them to add it to deploy.services of the configuration`;
      return { kind: 'failed', error, isFinal: true };
    }
    const image = `${state.wanted.repository}@${state.wanted.digest}`;
    try {
      return target.kind === 'ecs'
        ? await rollEcs(target, image, state, now)
        : await rollServers(target, image, state, now);
    } catch (error) {
      if (error instanceof RolloutError) return { kind: 'failed', error: error.message, isFinal: true };
      // AWS is in trouble or refuses: the target shows that, and it is tried again later.
      if (error instanceof UpstreamError) return { kind: 'failed', error: error.message };
      throw error;
    }
  };
}

export type RollService = ReturnType<typeof createRollService>;

function begun(id: string, now: Date): NonNullable<TargetState['rollout']> {
  return { id, startedAt: now.toISOString() };
}
