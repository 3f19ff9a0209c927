import type { Finding } from './finding.ts';
import { readImageFiles } from './image-files.ts';
import { ecosystemOf, matchRecords } from './match-records.ts';
import type { OsvIndex } from './osv-records.ts';
import { isWanted, readInstalled } from './packages.ts';

export type RecordScan =
  | { state: 'complete'; findings: Finding[]; sourceUpdatedAt: number | undefined; problems: string[] }
  /** There is a package database, of a distribution that has no records in OSV. */
  | { state: 'no-records' }
  | { state: 'unsupported' };

/** Matches the package database of an image, given as the files of its layers, with the records of a folder. */
export async function scanRecords(layers: string[], readRecords: () => Promise<OsvIndex>): Promise<RecordScan> {
  const installed = readInstalled(await readImageFiles(layers, isWanted));
  if (installed === undefined) return { state: 'unsupported' };
  const ecosystem = ecosystemOf(installed);
  if (ecosystem === undefined) return { state: 'no-records' };
  const index = await readRecords();
  const findings = matchRecords(installed, ecosystem, index);
  return { state: 'complete', findings, sourceUpdatedAt: index.updatedAt, problems: index.problems };
}
