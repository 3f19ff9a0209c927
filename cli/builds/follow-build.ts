import { setTimeout as delay } from 'node:timers/promises';
import { isTerminal } from '../../core/model/build.ts';
import type { Api } from '../deployment/api.ts';
import { DeploymentError, RefusedError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { type ShownBuild, shownBuildSchema } from './shown-build.ts';

const pollMilliseconds = 1_000;
/** The queue tries five times, six minutes apart. If the first two attempts fail, someone has to check. */
const plannedWithinMilliseconds = 10 * 60_000;

/** What became of a command is asked more seldom: nearly every build is there at once. */
const pollsBeforeRefusal = 3;

interface Following {
  /** Why it may not begin. */
  absence: string;
  /** Asks why it will not begin, if that is decided. */
  refusal?(): Promise<string | undefined>;
  terminal: Terminal;
}

/**
 * Waits until a build ends, and says meanwhile what it does.
 * @throws RefusedError if it will not begin
 */
export async function followBuild(
  api: Api,
  id: string,
  { absence, refusal, terminal }: Following,
): Promise<ShownBuild> {
  const deadline = Date.now() + plannedWithinMilliseconds;
  let before: ShownBuild | undefined;
  for (let polls = 1; ; polls++) {
    const shown = await api.read(`builds/${id}`, shownBuildSchema);
    if (!shown && polls % pollsBeforeRefusal === 0) {
      const reason = await refusal?.();
      if (reason !== undefined) throw new RefusedError(`The build does not begin: ${reason}`);
    }
    if (!shown && Date.now() > deadline) throw new DeploymentError(absence);
    if (shown && isTerminal(shown.status)) return shown;
    if (shown && shown.status !== before?.status) terminal.err(`${shown.status}\n`);
    before = shown;
    await delay(pollMilliseconds);
  }
}
