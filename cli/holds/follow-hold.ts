import { setTimeout as delay } from 'node:timers/promises';
import { type ApiHoldChange, apiHoldListSchema } from '../../core/api/projects.ts';
import type { Api } from '../deployment/api.ts';
import { DeploymentError } from '../errors.ts';
import { projectPath } from '../projects/named-project.ts';
import type { Terminal } from '../terminal.ts';

const pollMilliseconds = 500;
const plannedWithinMilliseconds = 10 * 60_000;

/** Waits until a change of a project's holds is recorded. */
export async function followHold(
  api: Api,
  { project, id, terminal }: { project: string; id: string; terminal: Terminal },
): Promise<ApiHoldChange> {
  const deadline = Date.now() + plannedWithinMilliseconds;
  terminal.err('queued\n');
  for (; ; await delay(pollMilliseconds)) {
    const answer = await api.read(`${projectPath(project)}/holds?limit=20`, apiHoldListSchema);
    const change = answer?.items.find((each) => each.id === id);
    if (change) return change;
    if (Date.now() > deadline)
      throw new DeploymentError('It was not done within ten minutes: see the log of PlanBuilds.');
  }
}
