import { holdOf } from '../../core/holds/hold.ts';
import type { HoldChange } from '../../core/model/hold.ts';
import type { Holds } from '../../services/tables/holds.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { NotifyHold } from '../holds/notify-hold.ts';
import type { ReleaseHeld } from '../holds/release-held.ts';
import type { Planner } from './planner.ts';

interface Services {
  projects: Pick<Projects, 'get' | 'unhold'>;
  holds: Pick<Holds, 'record'>;
  releaseHeld: ReleaseHeld;
  notifyHold: NotifyHold;
}

/** Ends a hold, and releases what it kept back, unless another hold is in force. */
export function createUnholdPlanner({ projects, holds, releaseHeld, notifyHold }: Services): Planner<'unhold'> {
  return async ({ id, project: name, because, requester: by, reason }) => {
    const project = await projects.get(name);
    if (!project) return { outcome: `ignored: there is no project ${name}`, builds: [] };
    const now = new Date();
    // The trigger is queued before the entry is written.
    if (because === 'index' && project.hold) return { outcome: 'still in the entry', builds: [], isUnseen: true };
    const { held, ...others } = project;
    const isEnded = because === 'command' || (because === 'date' && !holdOf({ held }, now));
    if (held && isEnded) await projects.unhold(name, held);
    const left = holdOf(isEnded ? others : project, now);
    if (left && because !== 'command') return { outcome: `still held by ${left.by}`, builds: [] };

    const isReleasing = project.active && !left;
    const builds = isReleasing ? await releaseHeld({ trigger: id, project, requester: by, reason, now }) : [];
    const change: HoldChange = { project: name, id, action: 'unheld', at: now.toISOString(), by, reason, builds };
    await holds.record(change);
    await notifyHold(change, project);
    return { outcome: left ? `unheld, and still held by ${left.by}` : `unheld by ${by}`, builds };
  };
}
