import { mostFindings } from '../../core/scanner-report.ts';
import type { ChangedFile } from '../../core/scanners/file-integrity.ts';
import { counts } from '../../core/scanners/uncounted-files.ts';
import { shownText } from '../../core/shown-text.ts';
import type { EngineCall } from '../engines/engine.ts';
import { auditApk } from './apk-audit.ts';
import { compareFiles } from './compare-files.ts';
import { verifyDpkg } from './dpkg-verify.ts';
import { verifyRpm } from './rpm-verify.ts';
import type { Look, Scanner, ScanSubject } from './scanner.ts';
import { ToolMissingError, Tools, type Verify } from './verify.ts';

const managers: Readonly<Record<'rpm' | 'dpkg' | 'apk', { verify: Verify; package: string }>> = {
  rpm: { verify: verifyRpm, package: 'rpm' },
  dpkg: { verify: verifyDpkg, package: 'dpkg' },
  apk: { verify: auditApk, package: 'apk-tools' },
};
const longestOdd = 120;

/** Which files of the image are not as their packages brought them: the image's own package manager is asked, if it has one. */
export const fileIntegrity: Scanner<'file-integrity'> = async (subject, call) => {
  const { contents } = subject.packages;
  if (contents.state === 'none') {
    return { state: 'not-applicable', reason: 'The image has no package database.', findings: [] };
  }
  if (contents.state === 'unreadable') {
    const reason = shownText(`The package database cannot be read: ${contents.reason}`, 500);
    return { state: 'failed', reason, findings: [] };
  }
  const { manager, packages } = contents;
  const { verify, package: itself } = managers[manager];
  try {
    const { files, gaps = [], oddLine, owners } = await verify(new Tools(subject, call), packages);
    const counted = [...files.filter(counts), ...gaps];
    const listed = counted.slice(0, mostFindings);
    const origins = listed.length === 0 ? new Map() : await owners(listed.map(({ path }) => path));
    const version = packages.find(({ name }) => name === itself)?.version;
    const look: Look<'file-integrity'> = {
      state: 'complete',
      tool: shownText([manager, version].filter(Boolean).join(' '), 200),
      findings: listed.map((file) => shown({ ...origins.get(file.path), ...file })),
      total: counted.length,
    };
    if (oddLine === undefined) return look;
    const reason = `${manager} prints what it never prints: ${shownText(oddLine, longestOdd)}`;
    return { ...look, state: 'failed', reason };
  } catch (error) {
    if (!(error instanceof ToolMissingError)) throw error;
    return compared(manager, subject, call);
  }
};

/** As distroless images are: packages, and nothing that manages them. */
async function compared(
  manager: 'rpm' | 'dpkg' | 'apk',
  subject: ScanSubject,
  call: EngineCall,
): Promise<Look<'file-integrity'>> {
  const changed = await compareFiles(manager, subject, call);
  if (changed === undefined) {
    const reason = `The image has packages, but no ${manager} that can be run, and nothing that says how their files should be.`;
    return { state: 'not-applicable', reason, findings: [] };
  }
  return {
    state: 'complete',
    tool: `the image's ${manager} database`,
    findings: changed.slice(0, mostFindings).map(shown),
    total: changed.length,
  };
}

function shown({ path, problems, kind, package: owner, signature, vendor }: ChangedFile): ChangedFile {
  return {
    path: shownText(path, 1000),
    problems,
    ...(kind ? { kind } : {}),
    ...(owner ? { package: shownText(owner, 200) } : {}),
    ...(signature ? { signature: shownText(signature, 300) } : {}),
    ...(vendor ? { vendor: shownText(vendor, 200) } : {}),
  };
}
