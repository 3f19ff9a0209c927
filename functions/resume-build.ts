import { once } from '../core/once.ts';
import { scannedBuildsOf } from '../core/scanners/scan-event.ts';
import { openTaskTokens, type TaskTokens } from '../services/aws/task-tokens.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';

interface Services {
  builds: Pick<Builds, 'scanTokenOf'>;
  tokens: TaskTokens;
}

/** Lets builds that wait for the scan of their candidate go on, when ECR or Inspector sends an event about it. They read the scan themselves. */
export function createResumeBuild({ builds, tokens }: Services) {
  return async function resumeBuild(event: unknown): Promise<void> {
    for (const id of scannedBuildsOf(event)) {
      const token = await builds.scanTokenOf(id);
      if (token !== undefined) await tokens.succeed(token);
    }
  };
}

const run = once(() => createResumeBuild({ builds: openBuilds(), tokens: openTaskTokens() }));

export function handler(event: unknown): Promise<void> {
  return run()(event);
}
