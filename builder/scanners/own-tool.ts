import type { ChangedFile } from '../../core/scanners/file-integrity.ts';
import type { EngineCall } from '../engines/engine.ts';
import { ImageRoot } from '../image-root.ts';
import { packageFiles } from '../packages.ts';
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

export interface ToolStanding {
  /** Whether its answers are to be believed, as far as the image's database tells. */
  isAsInstalled: boolean;
  /** Packages of which the tool can only say that all is well. */
  gaps: ChangedFile[];
}

/** Looks at the image's package manager itself before it is asked: one that is not as its package brought it may say what it likes. */
export async function lookAtTool(
  manager: 'rpm' | 'dpkg' | 'apk',
  { engine, image }: Pick<ScanSubject, 'engine' | 'image'>,
  call: EngineCall,
): Promise<ToolStanding> {
  const places = programs[manager].flatMap((name) => folders.map((folder) => `${folder}/${name}`));
  return engine.files(image, [...packageFiles, ...places, preload], call, async (folder) => {
    const root = new ImageRoot(folder);
    const records = await readFileRecords(manager, root, call);
    const digests = new Set(records.map(({ digest }) => digest));
    let isAsInstalled = !(await root.has(preload));
    // Where the database says nothing of any file, it says nothing of these.
    const [first] = records;
    for (const place of first ? places : []) {
      const found = await root.digest(place, first?.algorithm ?? '', { follows: true, signal: call.signal });
      if (found !== undefined && !digests.has(found)) isAsInstalled = false;
    }
    return { isAsInstalled, gaps: manager === 'dpkg' ? await dpkgGaps(root, call.signal) : [] };
  });
}
