import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const usage = `Slipway's demo: a git push becomes a scanned, released container image, on this machine alone.

  npm run demo                     run it, check everything that it promises, clean up
  npm run demo -- --keep           leave Slipway running afterwards, to play with; Ctrl-C ends it
  npm run demo -- --port 5000      listen on this port (default: 4600, or a free one if that is taken)
  npm run demo -- --data DIR       keep the state in DIR (default: a fresh temporary folder)

A container engine is looked for (Docker with buildx, Podman, Buildah); on Debian or Ubuntu as root, Buildah is installed
if there is none. Slipway starts. An index of three images is pushed with git, and then their sources: a base image made of
Debian packages, an application built on it, and an image that the policy blocks because of a package in it. Then the
application is changed and pushed again. Each of its releases is committed to a repository of manifests. Its signature is verified,
its image is pulled and run, and its second release is rolled back. In the end tags, manifests, mails and pages are compared.

It ends with code 0 only if all of that happened.`;

/** The command line asks for something that cannot be. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface DemoArguments {
  help: boolean;
  keep: boolean;
  port: number | undefined;
  /** As it is seen from the root. */
  data: string | undefined;
}

/** @throws UsageError */
export function readArguments(args: string[]): DemoArguments {
  const { help, keep, port, data } = parse(args);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536)) {
    throw new UsageError(`--port is a number from 1 to 65535, not "${port}".`);
  }
  return {
    help,
    keep,
    port: port === undefined ? undefined : Number(port),
    data: data === undefined ? undefined : resolve(data),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        keep: { type: 'boolean', default: false },
        port: { type: 'string' },
        data: { type: 'string' },
      },
    }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`${error.message.split('. ')[0]}. See npm run demo -- --help.`);
  }
}
