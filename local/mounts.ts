import { readFile } from 'node:fs/promises';
import { ask } from './command.ts';

/**
 * Lets go of what is mounted below a folder: on CodeBuild a build's machine ends with it, here a build that was ended in the middle leaves
 * its engine's mounts, and the folder could not be removed.
 */
export async function unmountBelow(folder: string): Promise<void> {
  // The kernel writes a blank as \040.
  const places = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '))
    .filter((place) => place.startsWith(`${folder}/`));
  // The last that was mounted first; one that cannot be let go of is left.
  for (const place of places.toReversed()) await ask('umount', ['--', place]);
}
