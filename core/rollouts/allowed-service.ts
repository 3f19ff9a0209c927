import * as z from 'zod';
import { type DeployTarget, type ServiceTarget, serviceKinds } from '../model/deploy-target.ts';

const projects = z
  .array(
    z
      .string()
      .regex(
        /^[a-z0-9._-]+\/(?:\*|[a-z0-9._-]+:(?:\*|[A-Za-z0-9._-]+))$/,
        'must be a project, or those of an application: demo/app:latest, demo/app:* or demo/*',
      ),
  )
  .min(1, 'must name at least one project');
const name = (what: string) => z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/, `must be the name of ${what}`);

/** A service that may be made to run other images, and by which projects: operators name it, because anybody may write an entry of the index. */
export const allowedServiceSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal(serviceKinds[0]),
    cluster: name('a cluster'),
    service: name('a service'),
    projects,
  }),
  z.strictObject({
    kind: z.literal(serviceKinds[1]),
    servers: z.string().regex(/^[\w.:/+@-]{1,128}=[\w .:/+@-]{1,256}$/, 'must be a tag of servers, such as Role=web'),
    container: name('a container'),
    projects,
  }),
]);

export type AllowedService = z.infer<typeof allowedServiceSchema>;

/** Whether the operators let a project roll the service that its target names. */
export function isAllowed(allowed: readonly AllowedService[], project: string, target: ServiceTarget): boolean {
  return allowed.some((each) => isSameService(each, target) && each.projects.some((one) => isOne(project, one)));
}

/** What a target runs on, for people. */
export function describeService(target: ServiceTarget): string {
  return target.kind === 'ecs'
    ? `the service ${target.service} of the cluster ${target.cluster}`
    : `the container ${target.container} on the servers ${target.servers}`;
}

function isSameService(one: AllowedService, other: Extract<DeployTarget, ServiceTarget>): boolean {
  if (one.kind === 'ecs') return other.kind === 'ecs' && one.cluster === other.cluster && one.service === other.service;
  return other.kind === 'ssm' && one.servers === other.servers && one.container === other.container;
}

function isOne(project: string, pattern: string): boolean {
  return pattern.endsWith('*') ? project.startsWith(pattern.slice(0, -1)) : project === pattern;
}
