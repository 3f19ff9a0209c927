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
const pollsBeforeQuestion = 3;

/** Why a build has not begun. */
export interface Obstacle {
  reason: string;
  /** It may begin later by itself. */
  isPassing: boolean;
}

interface Following {
  /** Why it may not begin. */
  absence: string;
  /** Called once, when it has begun. */
  begun?(): void;
  /** Asks why it has not begun, if that is known. */
  obstacle?(): Promise<Obstacle | undefined>;
  terminal: Terminal;
}

/**
 * Waits until a build ends, and says meanwhile what it does.
 * @throws RefusedError if it will not begin
 */
export async function followBuild(
  api: Api,
  id: string,
  { absence, begun, obstacle, terminal }: Following,
): Promise<ShownBuild> {
  const deadline = Date.now() + plannedWithinMilliseconds;
  let before: ShownBuild | undefined;
  let said: string | undefined;
  for (let polls = 1; ; polls++) {
    const shown = await api.read(`builds/${id}`, shownBuildSchema);
    if (!shown && polls % pollsBeforeQuestion === 0) {
      const found = await obstacle?.();
      if (found?.isPassing === false) throw new RefusedError(`The build does not begin: ${found.reason}`);
      if (found && found.reason !== said) terminal.err(`It waits: ${found.reason}\n`);
      said = found?.reason ?? said;
    }
    if (!shown && Date.now() > deadline) throw new DeploymentError(absence);
    if (shown && !before) begun?.();
    if (shown && isTerminal(shown.status)) return shown;
    if (shown && shown.status !== before?.status) terminal.err(`${shown.status}\n`);
    before = shown;
    await delay(pollMilliseconds);
  }
}
