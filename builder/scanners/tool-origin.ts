import type { ChangedFile } from '../../core/scanners/file-integrity/file-integrity.ts';
import type { EngineCall } from '../engines/engine.ts';
import { ImageRoot } from '../image-root.ts';
import { packageFiles } from '../packages/installed-packages.ts';
import { dpkgGaps, readFileRecords } from './file-records.ts';
import type { ScanSubject } from './scanner.ts';

/** What is asked, and where distributions have it. */
const programs: Readonly<Record<'rpm' | 'dpkg' | 'apk', readonly string[]>> = {
  rpm: ['rpm'],
  dpkg: ['dpkg', 'dpkg-query'],
  apk: ['apk'],
};
const folders = ['usr/sbin', 'usr/bin', 'sbin', 'bin'];
/** Makes every program do what somebody likes. https://man7.org/linux/man-pages/man8/ld.so.8.html */
const preload = 'etc/ld.so.preload';

export interface ToolOrigin {
  /** Whether its answers are to be believed, as far as the image's database tells. */
  isAsInstalled: boolean;
  /** Packages of which the tool can only say that all is well. */
  gaps: ChangedFile[];
}

/** Looks at the image's package manager itself before it is asked: one that is not as its package brought it may say what it likes. */
export async function inspectTool(
  manager: 'rpm' | 'dpkg' | 'apk',
  { engine, image }: Pick<ScanSubject, 'engine' | 'image'>,
  call: EngineCall,
): Promise<ToolOrigin> {
  const places = programs[manager].flatMap((name) => folders.map((folder) => `${folder}/${name}`));
  return engine.files(image, [...packageFiles, ...places, preload], call, async (folder) => {
    const root = new ImageRoot(folder);
    const records = await readFileRecords(manager, root, call);
    const digests = new Set(records.map(({ digest }) => digest));
    // Packages may come from several builders, each with its own.
    const algorithms = [...new Set(records.map(({ algorithm }) => algorithm))];
    const isRecorded = async (place: string) => {
      const options = { follows: true, signal: call.signal };
      const found = await Promise.all(algorithms.map((algorithm) => root.digest(place, algorithm, options)));
      return found.every((digest) => digest === undefined) || found.some((digest) => digests.has(digest ?? ''));
    };
    // Where the database says nothing of any file, it says nothing of these.
    const known = algorithms.length === 0 ? [] : await Promise.all(places.map(isRecorded));
    const isAsInstalled = !(await root.has(preload)) && !known.includes(false);
    return { isAsInstalled, gaps: manager === 'dpkg' ? await dpkgGaps(root, call.signal) : [] };
  });
}
