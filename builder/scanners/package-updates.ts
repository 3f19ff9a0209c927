import type { InstalledPackages, PackageList } from '../../core/model/package-list.ts';
import { apkRepositories, parseApkVersion } from '../../core/scanners/package-updates/apk.ts';
import { aptUpdateFailure, parseAptList } from '../../core/scanners/package-updates/apt.ts';
import {
  hasUpdatesCode,
  parseCheckUpdate,
  parseMicrodnf,
  withAdvisories,
} from '../../core/scanners/package-updates/dnf.ts';
import type { PackageUpdate } from '../../core/scanners/package-updates/package-updates.ts';
import { parseZypperUpdates, withSecurityPatches } from '../../core/scanners/package-updates/zypper.ts';
import { type ToolAnswer, ToolFailedError } from '../../core/scanners/tool-answer.ts';
import { shownText } from '../../core/text/safe-line.ts';
import { runInSequence, type Step } from './in-sequence.ts';
import type { Scanner } from './scanner.ts';

/** Every code: what a step that adds something to the answer of another ends with. */
const anyCode = Array.from({ length: 256 }, (_, code) => code);

/** How a package manager lists updates, and what its output means. */
interface Manager {
  program: string;
  /** The package that it comes in, for its version. */
  from: string;
  steps: readonly Step[];
  read(answers: readonly ToolAnswer[], installed: InstalledPackages, errors: string): PackageUpdate[];
}

/**
 * Each runs with the image's own configuration, except for repositories that the image marks as optional: what they offer cannot be known
 * then. Timeouts are short, so that an unreachable repository is reported before the scanner's time is over.
 */
const apt: Manager = {
  program: 'apt',
  from: 'apt',
  steps: [
    {
      command: [
        'apt-get',
        '-qq',
        '-o',
        'APT::Sandbox::User=root',
        '-o',
        'APT::Update::Error-Mode=any',
        '-o',
        'Acquire::Languages=none',
        '-o',
        'Acquire::Retries=1',
        '-o',
        'Acquire::http::Timeout=20',
        '-o',
        'Acquire::https::Timeout=20',
        'update',
      ],
    },
    { command: ['apt-get', 'indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'] },
    { command: ['apt', '-qq', 'list', '--upgradable'] },
  ],
  read([, targets, list], _, errors) {
    const reason = aptUpdateFailure(errors);
    if (reason) throw new ToolFailedError(`apt-get could not read all of its repositories: ${reason}`);
    if (targets?.text.trim() === '') throw new ToolFailedError('apt knows no repository, so it can know no update.');
    return list ? parseAptList(list) : [];
  },
};

const dnf = (program: string): Manager => ({
  program,
  from: program,
  steps: [
    {
      command: [
        program,
        '-q',
        '-y',
        '--setopt=*.skip_if_unavailable=0',
        '--setopt=timeout=20',
        '--setopt=retries=2',
        'check-update',
      ],
      codes: [0, hasUpdatesCode],
    },
    { command: [program, '-q', '-y', '-C', 'updateinfo', 'list'], codes: anyCode },
  ],
  read([updates, advisories], { packages }) {
    const found = updates ? parseCheckUpdate(program, updates, packages) : [];
    return advisories?.code === 0 ? withAdvisories(program, advisories, found) : found;
  },
});

const microdnf: Manager = {
  program: 'microdnf',
  from: 'microdnf',
  steps: [{ command: ['microdnf', '--assumeno', '--setopt=*.skip_if_unavailable=0', 'upgrade'] }],
  read: ([updates], { packages }) => (updates ? parseMicrodnf(updates, packages) : []),
};

const zypper: Manager = {
  program: 'zypper',
  from: 'zypper',
  steps: [
    { command: ['zypper', '--non-interactive', '--quiet', 'refresh'] },
    { command: ['zypper', '--non-interactive', '--xmlout', '--no-refresh', 'list-updates'] },
    {
      command: [
        'zypper',
        '--non-interactive',
        '--xmlout',
        '--no-refresh',
        'patch',
        '--dry-run',
        '--category',
        'security',
      ],
      codes: anyCode,
    },
  ],
  read([, updates, patches]) {
    const found = updates ? parseZypperUpdates(updates) : [];
    return patches?.code === 0 ? withSecurityPatches(patches, found) : found;
  },
};

const apk: Manager = {
  program: 'apk',
  from: 'apk-tools',
  steps: [
    { command: ['apk', '--no-progress', 'update'], withErrors: true },
    // It only warns of a missing list, and continues.
    { command: ['apk', '--no-progress', 'version', '-l', '<'], withErrors: true },
  ],
  read([offers, versions]) {
    if (offers && apkRepositories(offers) === 0) {
      throw new ToolFailedError('apk knows no repository, so it can know no update.');
    }
    return versions ? parseApkVersion(versions) : [];
  },
};

const managers: Readonly<Record<InstalledPackages['manager'], readonly Manager[]>> = {
  dpkg: [apt],
  apk: [apk],
  rpm: [dnf('dnf5'), dnf('dnf'), dnf('yum'), microdnf, zypper],
};

/** Queries the image's own package manager for the packages that it would update. */
export const packageUpdates: Scanner<'package-updates'> = async (subject, call) => {
  const { contents } = subject.packages;
  if (contents.state === 'unreadable' || subject.programs === undefined) {
    const reason = contents.state === 'unreadable' ? contents.reason : 'The image’s files cannot be read.';
    return { state: 'failed', reason: shownText(`What is installed is not known: ${reason}`, 500), findings: [] };
  }
  if (contents.state === 'none') return nothing('The image has no packages of a distribution.');
  const known = inOrder(managers[contents.manager], subject.packages);
  const manager = known.find(({ program }) => subject.programs?.has(program));
  if (!manager) {
    const names = known.map(({ program }) => program).join(', ');
    return nothing(`The image has packages, and no package manager that could update them (${names}).`);
  }
  const shell = subject.programs.get('sh');
  if (shell === undefined) {
    return {
      state: 'failed',
      reason: `The image has no shell in which ${manager.program} could run.`,
      findings: [],
    };
  }
  const { answers, errors } = await runInSequence({ ...subject, shell }, manager.steps, call);
  const version = contents.packages.find(({ name }) => name === manager.from)?.version;
  return {
    state: 'complete',
    tool: version === undefined ? manager.program : `${manager.program} ${version}`,
    findings: manager.read(answers, contents, errors),
  };
};

function nothing(reason: string) {
  return { state: 'not-applicable' as const, reason, findings: [] };
}

/** SUSE's images may have dnf beside the package manager that knows their repositories. */
function inOrder(known: readonly Manager[], { distribution }: PackageList): readonly Manager[] {
  const isSuse = /^(?:opensuse|sle|suse)/.test(distribution?.id ?? '');
  return isSuse ? known.toReversed() : known;
}
