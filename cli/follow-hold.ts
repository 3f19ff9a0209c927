import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { parseProjectName } from '../core/model/project.ts';
import { type Deployment, DeploymentError } from './deployment.ts';

const pollMilliseconds = 500;
const plannedWithinMilliseconds = 10 * 60_000;

const changesSchema = z.object({ items: z.array(z.object({ id: z.string(), builds: z.array(z.string()) })) });

/** Waits until a change of a project's holds is recorded. */
export async function followHold(
  deployment: Deployment,
  project: string,
  id: string,
): Promise<z.infer<typeof changesSchema>['items'][number]> {
  const { appId, jobId, desiredTag } = parseProjectName(project);
  const deadline = Date.now() + plannedWithinMilliseconds;
  for (; ; await delay(pollMilliseconds)) {
    const answer = await deployment.read(`projects/${appId}/${jobId}/${desiredTag}/holds?limit=20`, changesSchema);
    const change = answer?.items.find((each) => each.id === id);
    if (change) return change;
    if (Date.now() > deadline)
      throw new DeploymentError('It was not done within ten minutes: see the log of PlanBuilds.');
  }
}
