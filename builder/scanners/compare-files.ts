import type { PackageManager } from '../../core/model/package-list.ts';
import type { ChangedFile } from '../../core/scanners/file-integrity/file-integrity.ts';
import { counts } from '../../core/scanners/file-integrity/ignored-files.ts';
import type { RecordedFile } from '../../core/scanners/file-integrity/recorded-files.ts';
import { mostFindings } from '../../core/scanners/report.ts';
import type { ImageRoot } from '../image-root.ts';
import type { ReaderAnswer } from '../reader-tasks.ts';
import { dpkgGaps, readFileRecords } from './file-records.ts';

interface Input {
  manager: PackageManager;
  workspace: string;
}

/** The files that differ from what the database says of their contents, and the packages of which it says nothing. */
export function changedFiles(root: ImageRoot, input: Input): ReaderAnswer<'changed-files'> {
  const { manager } = input;
  const files: ChangedFile[] = [];
  let total = 0;
  const recorded = readFileRecords(manager, root, input);
  for (const file of recorded.filter(isCompared)) {
    const { path, algorithm, digest, kind, package: owner, vendor } = file;
    const found = root.digest(path, algorithm, { follows: manager === 'dpkg' });
    if (found === digest) continue;
    const problems: ChangedFile['problems'] = [found === undefined ? 'missing' : 'digest'];
    const changed = { path, problems, kind, package: owner, vendor };
    if (!counts(changed)) continue;
    total += 1;
    if (files.length < mostFindings) files.push(changed);
  }
  return { isRecorded: recorded.length > 0, files, total, gaps: manager === 'dpkg' ? dpkgGaps(root) : [] };
}

function isCompared(file: RecordedFile): boolean {
  return counts({ ...file, problems: ['digest'] });
}
