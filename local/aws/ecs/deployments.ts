import * as z from 'zod';

export const deploymentSchema = z.object({
  id: z.string(),
  status: z.enum(['PRIMARY', 'ACTIVE', 'INACTIVE']),
  taskDefinition: z.string(),
  desiredCount: z.int(),
  pendingCount: z.int(),
  runningCount: z.int(),
  failedTasks: z.int(),
  /** Seconds since 1970. */
  createdAt: z.number(),
  updatedAt: z.number(),
  rolloutState: z.enum(['IN_PROGRESS', 'COMPLETED', 'FAILED']),
  rolloutStateReason: z.string(),
});
export type Deployment = z.infer<typeof deploymentSchema>;

export const serviceSchema = z.object({
  serviceArn: z.string(),
  serviceName: z.string(),
  clusterArn: z.string(),
  status: z.literal('ACTIVE'),
  desiredCount: z.int(),
  taskDefinition: z.string(),
  launchType: z.string(),
  deploymentController: z.object({ type: z.enum(['ECS', 'CODE_DEPLOY', 'EXTERNAL']) }),
  deploymentConfiguration: z.object({
    deploymentCircuitBreaker: z.object({ enable: z.boolean(), rollback: z.boolean() }).optional(),
  }),
  deployments: z.array(deploymentSchema),
  createdAt: z.number(),
});
export type EcsService = z.infer<typeof serviceSchema>;

/** A new deployment, which takes the place of the one before. */
export function deployed(
  service: EcsService,
  taskDefinition: string,
  { now, id, reason }: { now: number; id: string; reason?: string },
): EcsService {
  const primary: Deployment = {
    id,
    status: 'PRIMARY',
    taskDefinition,
    createdAt: now,
    updatedAt: now,
    desiredCount: service.desiredCount,
    pendingCount: service.desiredCount,
    runningCount: 0,
    failedTasks: 0,
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: reason ?? `ECS deployment ${id} in progress.`,
  };
  const others = service.deployments.map((each) =>
    each.status === 'PRIMARY' ? { ...each, status: 'ACTIVE' as const } : each,
  );
  return { ...service, taskDefinition, deployments: [primary, ...others] };
}

/**
 * How the primary deployment goes on, by whether its tasks start. Without a circuit breaker ECS tries for ever; with one it fails after
 * some tasks, three at least. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
 */
export function progressed(service: EcsService, starts: boolean, now: number): EcsService {
  const [primary, ...others] = service.deployments;
  if (primary?.rolloutState !== 'IN_PROGRESS') return service;
  if (starts) {
    const steady: Deployment = {
      ...primary,
      updatedAt: now,
      rolloutState: 'COMPLETED',
      pendingCount: 0,
      runningCount: primary.desiredCount,
      rolloutStateReason: `ECS deployment ${primary.id} completed.`,
    };
    return { ...service, deployments: [steady] };
  }
  const failing: Deployment = {
    ...primary,
    updatedAt: now,
    failedTasks: Math.max(3, Math.ceil(primary.desiredCount / 2)),
  };
  if (!service.deploymentConfiguration.deploymentCircuitBreaker?.enable)
    return { ...service, deployments: [failing, ...others] };
  const failed: Deployment = {
    ...failing,
    rolloutState: 'FAILED',
    pendingCount: 0,
    rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.',
  };
  return { ...service, deployments: [failed, ...others] };
}
