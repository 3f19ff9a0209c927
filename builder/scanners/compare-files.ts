import type { ChangedFile } from '../../core/scanners/file-integrity/file-integrity.ts';
import { counts } from '../../core/scanners/file-integrity/ignored-files.ts';
import type { EngineCall } from '../engines/engine.ts';
import { ImageRoot } from '../image-root.ts';
import { packageFiles } from '../packages/installed-packages.ts';
import { dpkgGaps, readFileRecords } from './file-records.ts';
import type { ScanSubject } from './scanner.ts';

/**
 * For images that have a package database and no package manager, as distroless ones: the builder itself compares the files with what
 * the database says of their contents. Of owners and modes it says nothing. `gaps` are the packages
 * of which it says nothing; undefined where it says nothing of any file.
 */
export async function compareFiles(
  manager: 'rpm' | 'dpkg' | 'apk',
  { engine, image }: Pick<ScanSubject, 'engine' | 'image'>,
  call: EngineCall,
): Promise<{ files: ChangedFile[]; gaps: ChangedFile[] } | undefined> {
  const { recorded, gaps } = await engine.files(image, packageFiles, call, async (folder) => {
    const root = new ImageRoot(folder);
    const recorded = await readFileRecords(manager, root, call);
    return { recorded, gaps: manager === 'dpkg' ? await dpkgGaps(root, call.signal) : [] };
  });
  if (recorded.length === 0) return undefined;
  const compared = recorded.filter((file) => counts({ ...file, problems: ['digest'] }));
  const topFolders = [...new Set(compared.map(({ path }) => path.split('/')[1] ?? ''))].filter(
    (folder) => folder !== '',
  );
  return engine.files(image, topFolders, call, async (folder) => {
    const root = new ImageRoot(folder);
    const changed: ChangedFile[] = [];
    for (const file of compared) {
      const { path, algorithm, digest, kind, package: owner, vendor } = file;
      const found = await root.digest(path, algorithm, { follows: manager === 'dpkg', signal: call.signal });
      if (found === digest) continue;
      const problems: ChangedFile['problems'] = [found === undefined ? 'missing' : 'digest'];
      changed.push({ path, problems, kind, package: owner, vendor });
    }
    return { files: changed.filter(counts), gaps };
  });
}
