import { Logger } from '@aws-lambda-powertools/logger';
import * as z from 'zod';
import { once } from '../core/once.ts';
import { allowedServiceSchema } from '../core/rollouts/allowed-service.ts';
import type { TargetState } from '../core/targets/target-state.ts';
import { openEcsServices } from '../services/aws/ecs-services.ts';
import { openServerCommands } from '../services/aws/server-commands.ts';
import { jsonVariable } from '../services/environment.ts';
import { openProjects, type ProjectRecord, type Projects } from '../services/tables/projects.ts';
import { openTargets, type Targets } from '../services/tables/targets.ts';
import { createRollService, type RollService } from './rollouts/roll-service.ts';
import { openNotifyTarget } from './targets/notify-target.ts';
import { createTrackTargets, type TrackTargets } from './targets/track-targets.ts';

interface Services {
  projects: Pick<Projects, 'get'>;
  targets: Pick<Targets, 'ofRollout'>;
  track: Pick<TrackTargets, 'take' | 'settle' | 'callNext'>;
  rollService: RollService;
}

/** What is due of a project, or the event that says how a deployment of ECS or a command of Systems Manager goes on. */
const inputSchema = z.union([
  z.object({ project: z.string() }),
  z
    .object({ detail: z.object({ deploymentId: z.string() }) })
    .transform(({ detail }) => ({ rollout: detail.deploymentId })),
  z
    .object({ detail: z.object({ 'command-id': z.string() }) })
    .transform(({ detail }) => ({ rollout: detail['command-id'] })),
]);

/** Rolls the services of a project to the release that they are to have, and follows what they do. */
export function createRollDue({ projects, targets, track, rollService }: Services) {
  async function roll(project: ProjectRecord, state: TargetState, now: Date): Promise<void> {
    const after = await track.settle(state, await rollService(project, state, now));
    if (after?.state === 'delivered') await track.callNext(project, after);
    // It may have ended before its id was stored: then its event matched no target.
    else if (after?.state === 'rolling' && state.state !== 'rolling') await roll(project, after, now);
  }

  return async function rollDue(input: unknown, now = new Date()): Promise<number> {
    const called = inputSchema.parse(input);
    const known = 'rollout' in called ? await targets.ofRollout(called.rollout) : undefined;
    const name = 'project' in called ? called.project : known?.project;
    const project = name === undefined ? undefined : await projects.get(name);
    if (!project) return 0;
    const states = known ? [known] : await track.take(project.name, 'service', now);
    for (const state of states) await roll(project, state, now);
    return states.length;
  };
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'roll-services' });
  const targets = openTargets();
  return createRollDue({
    projects: openProjects(),
    targets,
    track: createTrackTargets({ targets, notify: openNotifyTarget(logger), logger }),
    rollService: createRollService({
      ecs: openEcsServices(),
      servers: openServerCommands(),
      allowed: z.array(allowedServiceSchema).parse(jsonVariable('ROLLED_SERVICES')),
    }),
  });
});

export function handler(input: unknown): Promise<number> {
  return run()(input);
}
