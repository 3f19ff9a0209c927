import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal } from '../../core/model/build.ts';
import type { Api } from '../deployment/api.ts';
import { DeploymentError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { type ShownBuild, shownBuildSchema } from './shown-build.ts';

const pollMilliseconds = 1_000;
/** The queue tries five times, six minutes apart. If the first two attempts fail, someone has to check. */
const plannedWithinMilliseconds = 10 * 60_000;

/**
 * Waits until a build ends, and says meanwhile what it does.
 * @param absence why it may not begin
 */
export async function followBuild(api: Api, id: string, absence: string, terminal: Terminal): Promise<ShownBuild> {
  const deadline = Date.now() + plannedWithinMilliseconds;
  for (let before: ShownBuild | undefined; ; await delay(pollMilliseconds)) {
    const shown = await api.read(`builds/${id}`, shownBuildSchema);
    if (!shown && Date.now() > deadline) throw new DeploymentError(absence);
    if (shown && isTerminal(shown.status)) return shown;
    if (shown && shown.status !== before?.status) terminal.err(`${shown.status}\n`);
    before = shown;
  }
}
