import { Logger } from '@aws-lambda-powertools/logger';
import { once } from '../core/once.ts';
import { type Call, deliverableOf } from '../core/targets/deliverable.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import { stepInputSchema } from './builds/step-input.ts';
import { type Delivery, openDelivery } from './targets/deliver-release.ts';

interface Services {
  builds: Pick<Builds, 'require'>;
  projects: Pick<Projects, 'get'>;
  deliver: Delivery['deliver'];
}

/** Brings a release to the targets of its entry. What does not get there is tried again (`retry-deliveries`); the release stays valid. */
export function createDeliver({ builds, projects, deliver }: Services) {
  return async function deliverBuild(input: unknown): Promise<{ targets: number }> {
    const build = await builds.require(stepInputSchema.parse(input).build);
    const release = deliverableOf(build);
    const project = await projects.get(build.project);
    if (!release || !project) return { targets: 0 };
    const { cause } = build;
    const call: Call = cause.type === 'rollback' ? { type: 'rollback', by: cause.requester } : { type: 'release' };
    return { targets: (await deliver(project, release, { call })).length };
  };
}

const run = once(() =>
  createDeliver({
    builds: openBuilds(),
    projects: openProjects(),
    deliver: openDelivery(new Logger({ serviceName: 'deliver' })).deliver,
  }),
);

export function handler(input: unknown): Promise<{ targets: number }> {
  return run()(input);
}
