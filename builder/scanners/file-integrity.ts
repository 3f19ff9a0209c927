import { mostFindings } from '../../core/scanner-report.ts';
import type { ChangedFile } from '../../core/scanners/file-integrity.ts';
import { counts } from '../../core/scanners/uncounted-files.ts';
import { shownText } from '../../core/shown-text.ts';
import { auditApk } from './apk-audit.ts';
import { verifyDpkg } from './dpkg-verify.ts';
import { verifyRpm } from './rpm-verify.ts';
import type { Look, Scanner } from './scanner.ts';
import { type PackageOrigin, ToolMissingError, Tools, type Verify } from './verify.ts';

const managers: Readonly<Record<'rpm' | 'dpkg' | 'apk', { verify: Verify; package: string }>> = {
  rpm: { verify: verifyRpm, package: 'rpm' },
  dpkg: { verify: verifyDpkg, package: 'dpkg' },
  apk: { verify: auditApk, package: 'apk-tools' },
};
const longestOdd = 120;

/** Which files of the image are not as their packages brought them: the image's own package manager is asked. */
export const fileIntegrity: Scanner<'file-integrity'> = async (subject, call) => {
  const { contents } = subject.packages;
  if (contents.state === 'none') {
    return { state: 'not-applicable', reason: 'The image has no package database.', findings: [] };
  }
  if (contents.state === 'unreadable') {
    const reason = shownText(`The package database cannot be read: ${contents.reason}`, 500);
    return { state: 'failed', reason, findings: [] };
  }
  const { verify, package: manager } = managers[contents.manager];
  const version = contents.packages.find(({ name }) => name === manager)?.version;
  try {
    const { files, oddLine, owners } = await verify(new Tools(subject, call), contents.packages);
    const counted = files.filter(counts);
    const listed = counted.slice(0, mostFindings);
    const origins = listed.length === 0 ? new Map() : await owners(listed.map(({ path }) => path));
    const look: Look<'file-integrity'> = {
      state: 'complete',
      tool: shownText([contents.manager, version].filter(Boolean).join(' '), 200),
      findings: listed.map((file) => shown(file, origins.get(file.path) ?? {})),
      total: counted.length,
    };
    if (oddLine === undefined) return look;
    const reason = `${contents.manager} prints what it never prints: ${shownText(oddLine, longestOdd)}`;
    return { ...look, state: 'failed', reason };
  } catch (error) {
    if (!(error instanceof ToolMissingError)) throw error;
    const reason = `The image has packages, but no ${contents.manager} that can be run.`;
    return { state: 'not-applicable', reason, findings: [] };
  }
};

function shown(
  { path, problems, kind }: ChangedFile,
  { package: owner, signature, vendor }: PackageOrigin,
): ChangedFile {
  return {
    path: shownText(path, 1000),
    problems,
    ...(kind ? { kind } : {}),
    ...(owner ? { package: shownText(owner, 200) } : {}),
    ...(signature ? { signature: shownText(signature, 300) } : {}),
    ...(vendor ? { vendor: shownText(vendor, 200) } : {}),
  };
}
