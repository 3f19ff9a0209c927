import type { InstalledPackages } from '../../core/model/package-list.ts';
import type { ChangedFile } from '../../core/scanners/file-integrity/file-integrity.ts';
import { counts } from '../../core/scanners/file-integrity/ignored-files.ts';
import { mostFindings } from '../../core/scanners/report.ts';
import { shownText } from '../../core/text/safe-line.ts';
import { readImage } from '../confined-reader.ts';
import type { EngineCall } from '../engines/engine.ts';
import { packageFiles } from '../packages/package-files.ts';
import { auditApk } from './apk-audit.ts';
import { verifyDpkg } from './dpkg-verify.ts';
import { verifyRpm } from './rpm-verify.ts';
import type { Scanner, ScanResult, ScanSubject } from './scanner.ts';
import { managerPrograms, preload, toolPaths } from './tool-paths.ts';
import { ToolMissingError, Tools, type Verify, VerifyFailedError } from './verify.ts';

interface Manager {
  verify: Verify;
  /** What it comes in, for its version. */
  package: string;
  /** Whether it works where it can write nothing. */
  isReadOnly: boolean;
}

const managers: Readonly<Record<'rpm' | 'dpkg' | 'apk', Manager>> = {
  // SQLite wants to write beside a database in WAL mode, also to read it. https://www.sqlite.org/wal.html#read_only_databases
  rpm: { verify: verifyRpm, package: 'rpm', isReadOnly: false },
  dpkg: { verify: verifyDpkg, package: 'dpkg', isReadOnly: true },
  apk: { verify: auditApk, package: 'apk-tools', isReadOnly: true },
};
/** With more gaps than this, the image counts as not checked. */
const mostGaps = 10;
const longestOdd = 120;

/** Finds files of the image that differ from their packages, by the image's own package manager if it has one. */
export const fileIntegrity: Scanner<'file-integrity'> = async (subject, call) => {
  const { engine, image } = subject;
  const { contents } = subject.packages;
  if (contents.state === 'none') {
    return { state: 'not-applicable', reason: 'The image has no package database.', findings: [] };
  }
  if (contents.state === 'unreadable') {
    const reason = shownText(`The package database cannot be read: ${contents.reason}`, 500);
    return { state: 'failed', reason, findings: [] };
  }
  const { manager, packages } = contents;
  // A container would only show that they cannot be started.
  const { programs } = subject;
  const lacksTools = programs !== undefined && !managerPrograms[manager].every((name) => programs.has(name));
  if (lacksTools) return comparedWithRecords(contents, subject, call);
  const { verify, package: itself, isReadOnly } = managers[manager];
  const paths = [...packageFiles, ...toolPaths(manager), preload];
  const { isAsInstalled, gaps } = await engine.files(image, paths, call, (root) =>
    readImage('tool-origin', { root, manager }, call),
  );
  if (!isAsInstalled) {
    const compared = await comparedWithRecords(contents, subject, call);
    if (compared.state !== 'not-applicable') return compared;
    throw new VerifyFailedError(`The image's ${manager} is not as it was installed, and its answers are not believed.`);
  }
  try {
    const { files, oddLine, owners } = await verify(new Tools(subject, { call, isReadOnly }), packages);
    const counted = [...files.filter(counts), ...gaps];
    const listed = counted.slice(0, mostFindings);
    const origins = listed.length === 0 ? new Map() : await owners(listed.map(({ path }) => path));
    const version = packages.find(({ name }) => name === itself)?.version;
    const look: ScanResult<'file-integrity'> = {
      state: 'complete',
      tool: shownText([manager, version].filter(Boolean).join(' '), 200),
      findings: listed.map((file) => shown({ ...origins.get(file.path), ...file })),
      total: counted.length,
    };
    if (oddLine !== undefined) {
      const reason = `${manager} prints what it never prints: ${shownText(oddLine, longestOdd)}`;
      return { ...look, state: 'failed', reason };
    }
    return gaps.length > mostGaps ? { ...look, state: 'failed', reason: describeGaps(gaps) } : look;
  } catch (error) {
    if (!(error instanceof ToolMissingError)) throw error;
    return comparedWithRecords(contents, subject, call);
  }
};

/**
 * For images that have a package database and no package manager, as distroless ones, and for those whose package manager was changed:
 * the files are compared with what the database says of their contents. Of owners and modes it says nothing.
 */
async function comparedWithRecords(
  { manager, packages }: InstalledPackages,
  { engine, image }: ScanSubject,
  call: EngineCall,
): Promise<ScanResult<'file-integrity'>> {
  const { isRecorded, files, total, gaps } = await engine.files(image, ['.'], call, (root) =>
    readImage('changed-files', { root, manager }, call),
  );
  if (!isRecorded) {
    const reason = `The image has packages, but no ${manager} that can be run, and nothing that says how their files should be.`;
    return { state: 'not-applicable', reason, findings: [] };
  }
  // dpkg's records have the names alone.
  const versions = new Map(packages.map(({ name, version }) => [name, `${name} ${version}`]));
  const changed = [...files, ...gaps].map((file) => {
    const owner = versions.get(file.package ?? '') ?? file.package;
    return owner === undefined ? file : { ...file, package: owner };
  });
  const look: ScanResult<'file-integrity'> = {
    state: 'complete',
    tool: `the image's ${manager} database`,
    findings: changed.slice(0, mostFindings).map(shown),
    total: total + gaps.length,
  };
  return gaps.length > mostGaps ? { ...look, state: 'failed', reason: describeGaps(gaps) } : look;
}

function describeGaps(gaps: readonly ChangedFile[]): string {
  const [first] = gaps;
  return shownText(
    `The digests of the files of ${gaps.length} packages were removed from the image, ${first?.path} among them: it is not known whether they are as they were installed.`,
    500,
  );
}

function shown({ path, problems, kind, package: owner, signature, vendor }: ChangedFile): ChangedFile {
  return {
    path: shownText(path, 1000),
    problems,
    kind,
    package: owner ? shownText(owner, 200) : undefined,
    signature: signature ? shownText(signature, 300) : undefined,
    vendor: vendor ? shownText(vendor, 200) : undefined,
  };
}
