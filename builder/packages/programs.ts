import type { ImageRoot } from '../image-root.ts';

/** The folders of a distribution's programs, in search order. */
const usualFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const mostFolders = 16;

/** The folders of a `PATH` in which programs of an image may be, and the usual ones after them. */
function programFolders(path: string): string[] {
  const own = path.split(':').filter((folder) => /^\/[\x21-\x7e]{1,200}$/.test(folder));
  return [...new Set([...own.slice(0, mostFolders), ...usualFolders])];
}

/** The paths to request from an engine for `findPrograms`. */
export function programPaths(names: readonly string[], path: string): string[] {
  return programFolders(path).flatMap((folder) => names.map((name) => `${folder.slice(1)}/${name}`));
}

/** Paths of an image's programs by their names. Those that are missing are left out. */
export function findPrograms(root: ImageRoot, names: readonly string[], path: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of names) {
    for (const folder of programFolders(path)) {
      if (found.has(name) || !root.has(`${folder}/${name}`)) continue;
      found.set(name, `${folder}/${name}`);
    }
  }
  return found;
}
