import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Finding } from './finding.ts';
import type { ImageContent } from './image-layout.ts';
import { createRecordScanner, ScanFailedError } from './record-scanner.ts';
import type { RecordScan, ScanScope } from './scan-records.ts';
import { findOnPath, scanWithTool } from './tool-scanner.ts';
import { type ToolName, tools } from './tools.ts';

export interface ScannerOptions {
  scanner: 'auto' | 'records' | ToolName;
  osvFolder: string | undefined;
  dataFolder: string;
  log(line: string): void;
}

/** The ways in which a scan ends without findings. This scanner knows the first two; a test's replacement knows all of them. */
export const failures = [
  'FAILED',
  'UNSUPPORTED_IMAGE',
  'FINDINGS_UNAVAILABLE',
  'LIMIT_EXCEEDED',
  'SCAN_ELIGIBILITY_EXPIRED',
  'IMAGE_ARCHIVED',
] as const;

export type ScanOutcome =
  | { status: 'COMPLETE'; findings: Finding[]; sourceUpdatedAt: number | undefined }
  | { status: (typeof failures)[number]; reason: string };

export interface Scanner {
  scan(image: ImageContent, scope?: ScanScope): Promise<ScanOutcome>;
  /** Ends the scan that goes on, too. */
  stop(): Promise<void>;
}

/** The scanner that was asked for by name is not installed. */
export class ScannerMissingError extends Error {
  override readonly name = 'ScannerMissingError';
}

/** https://github.com/aws/containers-roadmap/issues/2644 shows the text. */
const unsupported = 'UnsupportedImageError: The operating system and/or package manager are not supported.';

/** Scans images with an installed scanner, if there is one, and always by the OSV records of a folder. */
export function createScanner({ scanner, osvFolder, dataFolder, log }: ScannerOptions): Scanner {
  const tool = findTool(scanner);
  if (tool !== undefined) log(`images are scanned with ${tool.program}`);
  const folder = path.join(dataFolder, 'registry', 'scans');
  // What a killed process left behind.
  rmSync(folder, { recursive: true, force: true });
  const records = createRecordScanner(osvFolder);
  const stopping = new AbortController();
  const reported = new Set<string>();

  const scanSupported = async (image: ImageContent, scan: Exclude<RecordScan, { state: 'unsupported' }>) => {
    for (const problem of scan.problems.filter((each) => !reported.has(each))) {
      reported.add(problem);
      log(`a part of a record cannot be read: ${problem}`);
    }
    const { findings: known, sourceUpdatedAt, platform } = scan;
    const found = tool === undefined ? [] : await scanWithTool(tool.name, tool.program, image, folder, stopping.signal);
    return { findings: merged(found, known).map((finding) => ({ ...finding, platform })), sourceUpdatedAt };
  };

  return {
    async scan(image, scope = 'distribution') {
      try {
        const scan = await records.scan(
          image.layers.map(({ file }) => file),
          scope,
        );
        const isSupported = scan.state === 'complete' || (scan.state === 'no-records' && tool !== undefined);
        if (!isSupported) return { status: 'UNSUPPORTED_IMAGE', reason: unsupported };
        const { findings, sourceUpdatedAt } = await scanSupported(image, scan);
        return { status: 'COMPLETE', findings, sourceUpdatedAt };
      } catch (error) {
        if (error instanceof ScanFailedError) return { status: 'FAILED', reason: error.message };
        throw error;
      }
    },

    async stop() {
      stopping.abort();
      await records.stop();
    },
  };
}

function findTool(scanner: ScannerOptions['scanner']): { name: ToolName; program: string } | undefined {
  if (scanner === 'records') return undefined;
  const names = scanner === 'auto' ? (Object.keys(tools) as ToolName[]) : [scanner];
  for (const name of names) {
    const program = findOnPath(name);
    if (program !== undefined) return { name, program };
  }
  if (scanner === 'auto') return undefined;
  throw new ScannerMissingError(`The scanner '${scanner}' is not on the PATH.`);
}

/** A finding of both is listed once, with the first one's text. */
function merged(first: Finding[], second: Finding[]): Finding[] {
  const key = ({ name, packageName, packageVersion, language }: Finding): string =>
    `${name} ${language?.packageManager} ${packageName} ${packageVersion}`;
  const known = new Set(first.map(key));
  return [...first, ...second.filter((finding) => !known.has(key(finding)))];
}
