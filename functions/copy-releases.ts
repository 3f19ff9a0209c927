import { Logger } from '@aws-lambda-powertools/logger';
import * as z from 'zod';
import { once } from '../core/once.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import { openTargets } from '../services/tables/targets.ts';
import { type CopyReleases, openCopyReleases } from './destinations/copy-releases.ts';
import { openNotifyTarget } from './targets/notify-target.ts';
import { createTrackTargets, type TrackTargets } from './targets/track-targets.ts';

interface Services {
  projects: Pick<Projects, 'get'>;
  track: Pick<TrackTargets, 'take' | 'settle'>;
  copyReleases: CopyReleases;
}

const inputSchema = z.object({ project: z.string() });

/** Copies what is due of a project to other registries. Nobody waits for it. */
export function createCopyDue({ projects, track, copyReleases }: Services) {
  return async function copyDue(input: unknown, now = new Date()): Promise<number> {
    const { project: name } = inputSchema.parse(input);
    const project = await projects.get(name);
    if (!project) return 0;
    const taken = await track.take(name, 'registry', now);
    if (taken.length === 0) return 0;
    const outcomes = await copyReleases(project, taken);
    for (const state of taken) await track.settle(state, outcomes.get(state.target));
    return taken.length;
  };
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'copy-releases' });
  return createCopyDue({
    projects: openProjects(),
    track: createTrackTargets({ targets: openTargets(), notify: openNotifyTarget(logger), logger }),
    copyReleases: openCopyReleases(),
  });
});

export function handler(input: unknown): Promise<number> {
  return run()(input);
}
