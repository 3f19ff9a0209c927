import type { Build } from '../core/model/build.ts';
import type { BuilderSteps } from '../core/model/builder-contract.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Scan } from '../core/model/findings.ts';
import type { Comparison } from '../core/releases/image-diff.ts';
import type { ScannerReports } from '../core/scanners/report.ts';
import type { RecordReader } from './readers.ts';

/** An invalid record differs from an absent one: the programs that a build runs may have written it. */
export type Recorded<Value> = Value | 'unreadable' | undefined;

/** What the pages show about a build besides its own record. */
export interface BuildRecords {
  scan: Recorded<Scan>;
  scanners: Recorded<ScannerReports>;
  comparison: Recorded<Comparison>;
  steps: Recorded<BuilderSteps>;
}

/**
 * Those that the build's own record says there are: a build without a candidate has no image to scan, and so no reports.
 * @param recordedAs what its steps are recorded under: those of one of its platforms
 */
export async function recordsOf(
  records: RecordReader,
  { id, candidate, stages, changes }: Build,
  recordedAs: string,
): Promise<BuildRecords> {
  const steps = stages.build ? recorded(records.steps(recordedAs)) : undefined;
  if (!candidate) return { scan: undefined, scanners: undefined, comparison: undefined, steps: await steps };
  const [scan, scanners, comparison] = await Promise.all([
    stages.scan?.endedAt ? recorded(records.scan(id)) : undefined,
    recorded(records.scanners(id)),
    changes && recorded(records.comparison(id)),
  ]);
  return { scan, scanners, comparison, steps: await steps };
}

export async function recorded<Value>(reading: Promise<Value | undefined>): Promise<Recorded<Value>> {
  return reading.catch((error: unknown): 'unreadable' => {
    if (error instanceof InvalidInputError) return 'unreadable';
    throw error;
  });
}
