import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal } from '../core/model/build.ts';
import type { ExitCode, Terminal } from './command.ts';
import { type Deployment, DeploymentError } from './deployment.ts';
import { type ShownBuild, shownBuildSchema, summaryOf } from './shown-build.ts';

const pollMilliseconds = 1_000;
/** The queue tries five times, six minutes apart. If the first two attempts fail, someone has to check. */
const plannedWithinMilliseconds = 10 * 60_000;

/**
 * Prints each new status of a build until it ends.
 * @param absence why it may not begin
 */
export async function followBuild(
  deployment: Deployment,
  id: string,
  absence: string,
  terminal: Terminal,
): Promise<ExitCode> {
  const deadline = Date.now() + plannedWithinMilliseconds;
  for (let before: ShownBuild | undefined; ; await delay(pollMilliseconds)) {
    const shown = await deployment.read(`builds/${id}`, shownBuildSchema);
    if (!shown && Date.now() > deadline) throw new DeploymentError(absence);
    if (shown && shown.status !== before?.status) terminal.out(`${shown.status}\n`);
    if (shown && isTerminal(shown.status)) {
      terminal.out(summaryOf(shown));
      return shown.status === 'released' || shown.status === 'unchanged' ? 0 : 1;
    }
    before = shown;
  }
}
