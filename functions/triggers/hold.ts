import { sameHold } from '../../core/holds/hold.ts';
import type { HoldChange } from '../../core/model/hold.ts';
import type { Holds } from '../../services/tables/holds.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { NotifyHold } from '../holds/notify-hold.ts';
import type { Planner } from './planner.ts';

interface Services {
  projects: Pick<Projects, 'get' | 'hold'>;
  holds: Pick<Holds, 'record'>;
  notifyHold: NotifyHold;
}

/** Holds a project's releases, or records that its entry does. A release that is setting its tags already goes on to its end. */
export function createHoldPlanner({ projects, holds, notifyHold }: Services): Planner<'hold'> {
  return async ({ id, project: name, because, requester: by, until, reason }) => {
    const project = await projects.get(name);
    if (!project?.active) return { outcome: `ignored: ${name} is not in the index`, builds: [] };
    const at = new Date().toISOString();
    if (because === 'command') await projects.hold(name, { id, by, at, until, reason });
    // The trigger is queued before the entry is written.
    else if (!sameHold(project.hold, { until, reason }))
      return { outcome: 'not in the entry', builds: [], isUnseen: true };
    const change: HoldChange = { project: name, id, action: 'held', at, by, until, reason };
    await holds.record(change);
    await notifyHold(change, project);
    return { outcome: `held by ${by}`, builds: [] };
  };
}
