import type { PackageManager } from '../../core/model/package-list.ts';
import type { ImageRoot } from '../image-root.ts';
import type { ReaderAnswer } from '../reader-tasks.ts';
import { dpkgGaps, readFileRecords } from './file-records.ts';
import { preload, toolPaths } from './tool-paths.ts';

/**
 * Whether the image's package manager is as it was installed, judged by the image's database: one that differs from its package may
 * print anything. `gaps` are packages of which the tool can only say that all is well.
 */
export function toolOrigin(
  root: ImageRoot,
  input: { manager: PackageManager; workspace: string },
): ReaderAnswer<'tool-origin'> {
  const { manager } = input;
  const records = readFileRecords(manager, root, input);
  const digests = new Set(records.map(({ digest }) => digest));
  // Packages may come from several builders, each with its own.
  const algorithms = [...new Set(records.map(({ algorithm }) => algorithm))];
  const isRecorded = (program: string) => {
    const found = algorithms.map((algorithm) => root.digest(program, algorithm, { follows: true }));
    return found.every((digest) => digest === undefined) || found.some((digest) => digests.has(digest ?? ''));
  };
  // Where the database says nothing of any file, it says nothing of these.
  const known = algorithms.length === 0 ? [] : toolPaths(manager).map(isRecorded);
  const isAsInstalled = !root.has(preload) && !known.includes(false);
  return { isAsInstalled, gaps: manager === 'dpkg' ? dpkgGaps(root) : [] };
}
