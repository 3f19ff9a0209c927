import type { SbomFormat } from '../../core/model/builder-contract.ts';
import type { PackageList } from '../../core/model/package-list.ts';
import type { FindingOf, ScannerName } from '../../core/scanners/report.ts';
import type { ProjectTest } from '../cccp-file.ts';
import type { Engine, EngineCall } from '../engines/engine.ts';
import type { BuildLog } from '../log.ts';

/** What a scanner scans. */
export interface ScanSubject {
  engine: Engine;
  /** What the engine knows the image by. */
  image: string;
  /** `host/repository@sha256:…` */
  reference: string;
  /** `host/repository` where it is released if it passes. */
  release: string;
  /** The commit's own time, and the image's. */
  createdAt: Date;
  /** Of the machines that the image is for: `arm64`. */
  architecture: string;
  /** Reads the labels of the image's configuration. */
  labels(): Promise<Readonly<Record<string, string>>>;
  packages: PackageList;
  /** Paths of the image's programs that scanners run, by their names; absent where its files cannot be read. */
  programs: ReadonlyMap<string, string> | undefined;
  /** The folder of the source, and the Dockerfile in it; real paths. */
  checkout: string;
  dockerfile: string;
  /** From the repository's root. */
  dockerfileName: string;
  /** What the generator of SBOMs says of the image's files. */
  generatedSbom: Promise<string>;
  /** Stores an SBOM from a file. */
  keepSbom(format: SbomFormat, file: string): Promise<void>;
  /** The project's own test; absent where it has none or disables it, and a sentence with the reason where this is not known. */
  test: ProjectTest | string | undefined;
}

/** The result of a scan, except the scanner's name and the time that it took. */
export interface ScanResult<Name extends ScannerName> {
  state: 'complete' | 'not-applicable' | 'failed';
  reason?: string;
  tool?: string;
  findings: FindingOf<Name>[];
  /** Where there are more than are listed. */
  total?: number;
}

/**
 * Scans an image. The call's signal is its time limit; the log is for scanners that have something to say while they work.
 * An error that it throws makes the scan a failed one, with the error's message as its reason.
 */
export type Scanner<Name extends ScannerName> = (
  subject: ScanSubject,
  call: Omit<EngineCall, 'log'>,
  log: BuildLog,
) => Promise<ScanResult<Name>>;
