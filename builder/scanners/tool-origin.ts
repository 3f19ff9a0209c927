import type { ChangedFile } from '../../core/scanners/file-integrity/file-integrity.ts';
import type { EngineCall } from '../engines/engine.ts';
import { ImageRoot } from '../image-root.ts';
import { packageFiles } from '../packages/installed-packages.ts';
import { dpkgGaps, readFileRecords } from './file-records.ts';
import type { ScanSubject } from './scanner.ts';

/** The programs that are run, and their paths in distributions. */
const programs: Readonly<Record<'rpm' | 'dpkg' | 'apk', readonly string[]>> = {
  rpm: ['rpm'],
  dpkg: ['dpkg', 'dpkg-query'],
  apk: ['apk'],
};
const folders = ['usr/sbin', 'usr/bin', 'sbin', 'bin'];
/** Lets its author make every program do anything. https://man7.org/linux/man-pages/man8/ld.so.8.html */
const preload = 'etc/ld.so.preload';

export interface ToolOrigin {
  /** Whether its output can be trusted, judged by the image's database. */
  isAsInstalled: boolean;
  /** Packages of which the tool can only say that all is well. */
  gaps: ChangedFile[];
}

/** Checks the image's package manager itself before it is run: one that differs from its package may print anything. */
export async function inspectTool(
  manager: 'rpm' | 'dpkg' | 'apk',
  { engine, image }: Pick<ScanSubject, 'engine' | 'image'>,
  call: EngineCall,
): Promise<ToolOrigin> {
  const paths = programs[manager].flatMap((name) => folders.map((folder) => `${folder}/${name}`));
  return engine.files(image, [...packageFiles, ...paths, preload], call, async (folder) => {
    const root = new ImageRoot(folder);
    const records = await readFileRecords(manager, root, call);
    const digests = new Set(records.map(({ digest }) => digest));
    // Packages may come from several builders, each with its own.
    const algorithms = [...new Set(records.map(({ algorithm }) => algorithm))];
    const isRecorded = async (program: string) => {
      const options = { follows: true, signal: call.signal };
      const found = await Promise.all(algorithms.map((algorithm) => root.digest(program, algorithm, options)));
      return found.every((digest) => digest === undefined) || found.some((digest) => digests.has(digest ?? ''));
    };
    // Where the database says nothing of any file, it says nothing of these.
    const known = algorithms.length === 0 ? [] : await Promise.all(paths.map(isRecorded));
    const isAsInstalled = !(await root.has(preload)) && !known.includes(false);
    return { isAsInstalled, gaps: manager === 'dpkg' ? await dpkgGaps(root, call.signal) : [] };
  });
}
