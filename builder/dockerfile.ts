import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { type DockerfileSummary, readDockerfile } from '../core/bases/dockerfile.ts';
import { isAllowedFrontend } from '../core/bases/frontend.ts';
import { entitlementOf, mountedSecrets } from '../core/bases/run-options.ts';
import type { BuildRequest } from '../core/model/builder-contract.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Platform } from '../core/model/platform.ts';
import { optionalPathInCheckout, pathInCheckout } from './checkout-path.ts';
import type { Engine } from './engines/engine.ts';
import { DockerfileInvalidError } from './errors.ts';
import type { BuildLog } from './log.ts';
import { builtFor, checkPlatform, ownPlatform } from './platform.ts';
import { checkSecrets } from './secrets.ts';

const largestDockerfile = 1024 * 1024;

/** What the engine is to build. */
export interface FoundDockerfile {
  /** Paths. */
  context: string;
  dockerfile: string;
  summary: DockerfileSummary;
  /** The secrets that its steps mount. */
  mounted: ReturnType<typeof mountedSecrets>;
}

/**
 * Finds and reads the Dockerfile of a checkout, and refuses what no build may do.
 * @throws an error of `errors.ts`
 */
export async function findDockerfile(
  checkout: string,
  request: BuildRequest,
  {
    engine,
    platform,
    secrets,
    log,
  }: { engine: Engine; platform: Platform | undefined; secrets: Parameters<typeof checkSecrets>[1]; log: BuildLog },
): Promise<FoundDockerfile> {
  const context = await pathInCheckout(checkout, request.context, { kind: 'folder', name: 'build context' });
  const dockerfile = await pathInCheckout(checkout, request.dockerfile, { kind: 'file', name: 'Dockerfile' });
  await ignoreFilesStayInside(checkout, context, dockerfile);
  const summary = await readSummary(dockerfile, request, platform);
  checkPlatform(platform, engine.platforms, summary.hasCommands);
  const entitlement = entitlementOf(summary.runOptions);
  if (entitlement !== undefined) {
    throw new DockerfileInvalidError(
      `RUN ${entitlement} asks for a right of the machine, which no build has. Take the option away, and push again.`,
    );
  }
  checkFrontend(summary.syntax, request.frontends);
  const mounted = mountedSecrets(summary.runOptions);
  checkSecrets(mounted, secrets);
  const absent = mounted.filter(({ id }) => !Object.hasOwn(secrets, id)).map(({ id }) => id);
  if (absent.length > 0)
    log.line(
      `a step mounts secrets that this build does not have: ${absent.join(', ')}. Builds of pull requests get none.`,
    );
  const unused = Object.keys(request.buildArgs ?? {}).filter((name) => !summary.args.has(name));
  if (unused.length > 0) log.line(`not used, because the Dockerfile has no ARG of that name: ${unused.join(', ')}`);
  return { context, dockerfile, summary, mounted };
}

/** `.dockerignore` and its kin are read by the engine, outside of its confinement. */
async function ignoreFilesStayInside(checkout: string, context: string, dockerfile: string): Promise<void> {
  const files = [
    join(context, '.dockerignore'),
    join(context, '.containerignore'),
    `${dockerfile}.dockerignore`,
    `${dockerfile}.containerignore`,
    join(dirname(dockerfile), '.dockerignore'),
  ];
  await Promise.all(files.map((file) => optionalPathInCheckout(checkout, relative(checkout, file), 'ignore file')));
}

async function readSummary(
  path: string,
  { buildArgs, target }: BuildRequest,
  platform: Platform | undefined,
): Promise<DockerfileSummary> {
  if ((await stat(path)).size > largestDockerfile) {
    throw new DockerfileInvalidError(
      `The Dockerfile is larger than ${largestDockerfile} bytes. Move what it carries into files.`,
    );
  }
  try {
    const choices = { buildArgs, target, buildPlatform: ownPlatform() };
    return readDockerfile(await readFile(path, 'utf8'), builtFor(platform), choices);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new DockerfileInvalidError(`The Dockerfile cannot be built. ${error.message}`, { cause: error });
  }
}

/** @throws DockerfileInvalidError */
function checkFrontend(syntax: string | undefined, allowed: readonly string[] | undefined): void {
  if (syntax === undefined || isAllowed(syntax, allowed)) return;
  throw new DockerfileInvalidError(
    `The Dockerfile asks for the frontend ${syntax} in its line "# syntax=", which would run with the rights of the builder and is not allowed here. ` +
      'Write "# syntax=docker/dockerfile:1" or take the line away, and push again; or have "frontends" in the policy.yml of the index name it.',
  );
}

function isAllowed(syntax: string, allowed: readonly string[] | undefined): boolean {
  try {
    return isAllowedFrontend(syntax, allowed);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new DockerfileInvalidError(`The Dockerfile's line "# syntax=" cannot be used: ${error.message}`, {
      cause: error,
    });
  }
}
