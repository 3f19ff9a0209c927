import type { ImageRoot } from '../image-root.ts';

/** Where programs are that come with a distribution, in the order in which they are looked for. */
const usualFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const mostFolders = 16;

/** The folders of a `PATH` in which programs of an image may be, and the usual ones after them. */
function programFolders(path: string): string[] {
  const own = path.split(':').filter((folder) => /^\/[\x21-\x7e]{1,200}$/.test(folder));
  return [...new Set([...own.slice(0, mostFolders), ...usualFolders])];
}

/** What to ask an engine for so that `findPrograms` sees it. */
export function programPaths(names: readonly string[], path: string): string[] {
  return programFolders(path).flatMap((folder) => names.map((name) => `${folder.slice(1)}/${name}`));
}

/** Where an image has programs, by their names. What is not there is left out. */
export async function findPrograms(
  root: ImageRoot,
  names: readonly string[],
  path: string,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of names) {
    for (const folder of programFolders(path)) {
      if (found.has(name) || !(await root.has(`${folder}/${name}`))) continue;
      found.set(name, `${folder}/${name}`);
    }
  }
  return found;
}
