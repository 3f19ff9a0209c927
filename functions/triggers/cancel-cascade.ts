import type { Triggers } from '../../services/aws/triggers.ts';
import type { Cascades } from '../../services/tables/cascades.ts';
import { stepOf } from '../cascade/announce.ts';
import type { Planner } from './planner.ts';

interface Services {
  cascades: Pick<Cascades, 'cancel' | 'openMembers'>;
  triggers: Pick<Triggers, 'sendBatch'>;
}

/**
 * Stops a cascade. From the moment that this is recorded none of its builds begins; then each project that waits or is built gets a step, which
 * ends its part (functions/cascade/advance-member.ts).
 */
export function createCancelCascadePlanner({ cascades, triggers }: Services): Planner<'cancel-cascade'> {
  return async ({ cascade, requester, reason }) => {
    const open = await cascades.openMembers(cascade);
    if (open.length === 0) return { outcome: `ignored: cascade ${cascade} has ended`, builds: [] };
    await cascades.cancel(cascade, { by: requester, at: new Date().toISOString(), reason });
    await triggers.sendBatch(open.map((project) => stepOf(cascade, project)));
    return { outcome: `cancelled cascade ${cascade}: ${open.length} projects`, builds: [] };
  };
}
