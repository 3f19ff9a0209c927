import type { BuilderSteps } from '../core/model/builder-contract.ts';

type Steps = BuilderSteps['steps'];

/**
 * Stores the steps each time that one begins, so that a page can show them while the build runs and also if it is killed. The builder never
 * waits for it: without the record, a page shows the stage alone.
 */
export function recordSteps(store: (steps: Steps) => Promise<void>): (name: string, at: Date) => void {
  const steps: Steps = [];
  let storing = Promise.resolve();
  return (name, at) => {
    steps.push({ name, startedAt: at.toISOString() });
    const begun = [...steps];
    // One after another: an older list must not overwrite a newer one.
    storing = storing.then(() => store(begun)).catch(() => undefined);
  };
}
