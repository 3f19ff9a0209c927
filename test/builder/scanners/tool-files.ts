import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files for an image, below `root/`. */
export type ImageFiles = Record<string, string | Buffer>;

/** Whether this machine has the programs, of which test images get a copy. */
export function hasPrograms(...programs: string[]): boolean {
  return programs.every((program) => existsSync(program));
}

/** Programs of this machine with what they need to start. */
export function programFiles(...programs: string[]): ImageFiles {
  const needed = programs.flatMap((program) =>
    [...execFileSync('/usr/bin/ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].map(
      ([, path = '']) => path,
    ),
  );
  return Object.fromEntries(
    [...programs, ...new Set(needed)].map((path) => [join('root', path), readFileSync(realpathSync(path))]),
  );
}

/** A folder of this machine, with what is in it, at another place or its own. */
export function folderFiles(folder: string, at = folder): ImageFiles {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [join('root', at, name), readFileSync(join(folder, name))]),
  );
}
