import { realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { BuildRequest } from '../core/model/builder-contract.ts';
import { type BaseSearch, resolveBase } from './bases.ts';
import { pathInCheckout } from './checkout-path.ts';
import type { Engine, EngineCall } from './engines/engine.ts';
import { engineMessage } from './engines/engine-message.ts';
import { startFailure, startLimit } from './engines/failed-instruction.ts';
import {
  BaseLimitedError,
  EngineCallFailedError,
  MissingBaseError,
  PrebuildFailedError,
  PullLimitedError,
} from './errors.ts';
import type { BuildLog } from './log.ts';

/** A script that makes a Dockerfile is done sooner; one that builds for longer belongs in the Dockerfile. */
const longestSeconds = 900;
const shownLines = 8;
const longestLine = 300;
/** Where the container has the checkout. */
const mountPoint = '/source';

interface Prebuild {
  prebuild: NonNullable<BuildRequest['prebuild']>;
  /** The checkout. What the script writes into it is built. */
  folder: string;
  /** What the script finds around it. */
  image: string;
  search: BaseSearch;
  engine: Engine;
  call: EngineCall & { log: BuildLog };
}

/**
 * Runs a project's script before its Dockerfile is read, in a container that has the checkout, the network and nothing of the builder's.
 * @throws PrebuildFailedError, DockerfileNotFoundError where script or folder are not in the checkout, an error of the image's search
 */
export async function runPrebuild({ prebuild, folder, image, search, engine, call }: Prebuild): Promise<void> {
  const { log, signal } = call;
  const context = await pathInCheckout(folder, prebuild.context, { kind: 'folder', name: 'prebuild context' });
  const script = await pathInCheckout(folder, prebuild.script, { kind: 'file', name: 'prebuild script' });
  const { pinned } = await resolveBase(image, search).catch((error: unknown) => {
    if (!(error instanceof MissingBaseError) || error instanceof BaseLimitedError) throw error;
    throw new PrebuildFailedError(
      `The image ${image}, in which prebuild scripts run here, cannot be had. Nothing is wrong with the project: the operator of this pipeline must see to it.`,
      { cause: error },
    );
  });
  log.line(`${prebuild.script} in ${prebuild.context}, with ${pinned}`);

  const checkout = await realpath(folder);
  const inside = (path: string) => join(mountPoint, relative(checkout, path));
  const isExecutable = ((await stat(script)).mode & 0o111) !== 0;
  const timeout = AbortSignal.timeout(1000 * longestSeconds);
  const { code } = await engine
    .run(
      {
        image: pinned,
        command: isExecutable ? [inside(script)] : ['/bin/sh', inside(script)],
        folder: { source: checkout, target: mountPoint },
        workingFolder: inside(context),
        environment: { HOME: '/tmp', CI: 'true' },
        hasNetwork: true,
      },
      { ...call, signal: AbortSignal.any([signal, timeout]) },
    )
    .catch((error: unknown) => {
      if (!timeout.aborted || signal.aborted) throw error;
      throw new PrebuildFailedError(
        `The prebuild script ${prebuild.script} was stopped after ${longestSeconds} seconds, the longest that it may take. Make it shorter, then push again.`,
      );
    });
  if (code === 0) return;
  const limit = startLimit(code, log.recent);
  if (limit !== undefined) throw new PullLimitedError(limit);
  const refusal = startFailure(code, log.recent);
  if (refusal !== undefined) {
    throw new EngineCallFailedError(
      `The container of the prebuild script cannot be started: ${refusal} Nothing is wrong with the project: have the build started again.`,
    );
  }
  const printed = log.recent
    .filter((line) => line.trim() !== '' && !engineMessage.test(line) && !line.startsWith('time='))
    .slice(-shownLines)
    .map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line));
  throw new PrebuildFailedError(
    `The prebuild script ${prebuild.script} ended with ${code}. Correct it and push again; the log has the whole output.` +
      (printed.length === 0 ? '' : `\nIts last lines:\n${printed.join('\n')}`),
  );
}
