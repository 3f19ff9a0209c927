import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { DockerfileNotFoundError } from './errors.ts';

/**
 * The real path of something in the checkout.
 * @throws DockerfileNotFoundError when it does not exist, is of another kind, or its links lead out of the checkout
 */
export async function pathInCheckout(
  checkout: string,
  path: string,
  wanted: { kind: 'file' | 'folder'; name: string },
): Promise<string> {
  const shown = JSON.stringify(path);
  const real = isAbsolute(path) ? undefined : await realpathIfThere(join(checkout, path));
  const next = `Correct the path in the index, or add the ${wanted.kind} to the repository.`;
  if (real === undefined) {
    throw new DockerfileNotFoundError(`The ${wanted.name} ${shown} is not in the repository. ${next}`);
  }
  if (!isInside(await realpath(checkout), real)) {
    throw new DockerfileNotFoundError(`The ${wanted.name} ${shown} leads out of the repository. ${next}`);
  }
  const found = await stat(real);
  if (wanted.kind === 'file' ? !found.isFile() : !found.isDirectory()) {
    throw new DockerfileNotFoundError(`The ${wanted.name} ${shown} is not a ${wanted.kind}. ${next}`);
  }
  return real;
}

/** Like `pathInCheckout`, for a file that need not be there. */
export async function optionalPathInCheckout(
  checkout: string,
  path: string,
  name: string,
): Promise<string | undefined> {
  if ((await realpathIfThere(join(checkout, path))) === undefined) return undefined;
  return pathInCheckout(checkout, path, { kind: 'file', name });
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function realpathIfThere(path: string): Promise<string | undefined> {
  return realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'].includes(error.code ?? ''))
      return undefined;
    throw error;
  });
}
