import type { Finding } from './finding.ts';
import { createRecordScanner, ScanFailedError } from './record-scanner.ts';

/** An image to scan: the files of its blobs, the lowest layer first. */
export interface ScannedImage {
  digest: string;
  layers: string[];
}

export type ScanOutcome =
  | { status: 'COMPLETE'; findings: Finding[]; sourceUpdatedAt: number | undefined }
  | { status: 'FAILED' | 'UNSUPPORTED_IMAGE'; reason: string };

export interface Scanner {
  scan(image: ScannedImage): Promise<ScanOutcome>;
  stop(): Promise<void>;
}

/** https://github.com/aws/containers-roadmap/issues/2644 shows the text. */
const unsupported = 'UnsupportedImageError: The operating system and/or package manager are not supported.';

/** Scans images by the OSV records of a folder. */
export function createScanner({ osvFolder, log }: { osvFolder: string | undefined; log(line: string): void }): Scanner {
  const records = createRecordScanner(osvFolder);
  const reported = new Set<string>();

  return {
    async scan(image) {
      try {
        const scan = await records.scan(image.layers);
        if (scan.state !== 'complete') return { status: 'UNSUPPORTED_IMAGE', reason: unsupported };
        for (const problem of scan.problems.filter((each) => !reported.has(each))) {
          reported.add(problem);
          log(`not a record: ${problem}`);
        }
        return { status: 'COMPLETE', findings: scan.findings, sourceUpdatedAt: scan.sourceUpdatedAt };
      } catch (error) {
        if (error instanceof ScanFailedError) return { status: 'FAILED', reason: error.message };
        throw error;
      }
    },
    stop: records.stop,
  };
}
