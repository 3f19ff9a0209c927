import { type End, notified, type Rebuild, settle } from '../../core/cascade/rebuild-state.ts';
import type { Triggers } from '../../services/aws/triggers.ts';
import type { Cascades } from '../../services/tables/cascades.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import { stepOf } from './announce.ts';
import { dependentsOfBranch, type GraphServices } from './graph.ts';
import { memberView } from './member-view.ts';

export interface EndRoundServices extends GraphServices {
  cascades: Pick<Cascades, 'putMember'>;
  rebuilds: Pick<Rebuilds, 'change'>;
  triggers: Pick<Triggers, 'sendBatch'>;
}

export function createEndRound(services: EndRoundServices) {
  const { cascades, rebuilds, triggers } = services;

  /** The dependents of a project whose round has ended may be next. The notification is pending until a step is queued for each of them. */
  async function notifyDependents(state: Rebuild): Promise<void> {
    const { project, toNotify, last, pending, version } = state;
    if (toNotify === undefined || !last) return;
    const { outcome, at, build, reason, cascade, parents, root } = last;
    await cascades.putMember(cascade, { project, state: outcome, parents, root, since: at, version, build, reason });
    if (pending) await cascades.putMember(pending.cascade, memberView(pending, state));
    const names = [...(await dependentsOfBranch(project, services)), ...(pending ? [project] : [])];
    await triggers.sendBatch(names.map((name) => stepOf(cascade, name)));
    await rebuilds.change(project, (current) => notified(current, toNotify), state);
  }

  return {
    notifyDependents,

    /** Ends a project's current round, and notifies the dependents that wait for it. */
    async endRound(state: Rebuild, how: End): Promise<void> {
      const round = state.pending?.round;
      const isSame = (current: Rebuild) => current.pending !== undefined && current.pending.round === round;
      const now = new Date().toISOString();
      const end = (current: Rebuild) => (isSame(current) ? settle(current, how, now) : undefined);
      await notifyDependents(await rebuilds.change(state.project, end, state));
    },
  };
}
