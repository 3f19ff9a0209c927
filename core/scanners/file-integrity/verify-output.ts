import type { ChangedFile } from './file-integrity.ts';

type Problem = ChangedFile['problems'][number];

/** The files that a package manager reports as changed. Paths are not yet safe to show. */
export interface Verification {
  files: ChangedFile[];
  /** The first line that the tool never prints: output that has one is not trusted. */
  oddLine?: string | undefined;
}

/** By their position in rpm's flags. https://rpm-software-management.github.io/rpm/man/rpm.8#VERIFY-OPTIONS */
const problemsByPosition: readonly Problem[] = [
  'size',
  'mode',
  'digest',
  'device',
  'link',
  'user',
  'group',
  'time',
  'capabilities',
];
const kinds: Readonly<Record<string, ChangedFile['kind']>> = {
  c: 'config',
  d: 'documentation',
  g: 'ghost',
  l: 'licence',
  r: 'readme',
};
/** `S.5....T.  c /etc/a`, `missing     /usr/bin/a`; rpm before 4.6 has eight flags. */
const verifyLine = /^(missing|[S?.][M?.][5?.][D?.][L?.][U?.][G?.][T?.][P?.]?) +(?:([A-Za-z]) )?(\/.*)$/s;
const unreadableSuffix =
  / \((?:Permission denied|Not a directory|Input\/output error|Too many levels of symbolic links)\)$/;

/** Reads the output of `rpm -Va`. A question mark is a test that could not be done. */
export function parseRpmVerify(text: string): Verification {
  let isAboutDependencies = false;
  return read(text, (line) => {
    if (/^Unsatisfied dependencies for .+:$/.test(line)) {
      isAboutDependencies = true;
      return [];
    }
    if (isAboutDependencies && line.startsWith('\t')) return [];
    isAboutDependencies = false;
    return verifiedFile(line, { hasUnreadable: true });
  });
}

/** Reads the output of `dpkg --verify`, in rpm's format. A question mark is a test that dpkg does not have. */
export function parseDpkgVerify(text: string): Verification {
  return read(text, (line) => verifiedFile(line, { hasUnreadable: false }));
}

/** Reads the output of `debsums -c`: only paths, of files that are changed or missing. */
export function parseDebsums(text: string): Verification {
  return read(text, (line) => (line.startsWith('/') ? [{ path: line, problems: ['digest'] }] : undefined));
}

/** https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/v2.14.9/src/app_audit.c */
const auditProblems: Readonly<Record<string, Problem[]>> = {
  U: ['digest'],
  X: ['missing'],
  x: ['capabilities'],
  M: ['mode'],
  m: ['mode'],
  e: ['unreadable'],
  // Files that belong to no package.
  A: [],
  D: [],
  d: [],
};

/** Reads the output of `apk audit --system --check-permissions`: paths from the root, folders with a slash at the end. */
export function parseApkAudit(text: string): Verification {
  return read(text, (line) => {
    const [, reason = '', path = ''] = /^(\w) ([^/\s].*)$/s.exec(line) ?? [];
    const problems = auditProblems[reason];
    if (problems === undefined) return undefined;
    return problems.length === 0 ? [] : [{ path: `/${path.replace(/\/$/, '')}`, problems }];
  });
}

function verifiedFile(line: string, { hasUnreadable }: { hasUnreadable: boolean }): ChangedFile[] | undefined {
  const [, flags, letter, path] = verifyLine.exec(line) ?? [];
  if (flags === undefined || path === undefined) return undefined;
  const kind = letter === undefined ? undefined : kinds[letter];
  const problems: Problem[] =
    flags === 'missing'
      ? [unreadableSuffix.test(path) ? 'unreadable' : 'missing']
      : problemsByPosition.filter((_, position) => /[^.?]/.test(flags.charAt(position)));
  if (hasUnreadable && flags.includes('?')) problems.push('unreadable');
  if (problems.length === 0) return [];
  const shown = problems[0] === 'unreadable' ? path.replace(unreadableSuffix, '') : path;
  return [{ path: shown, problems, kind }];
}

function read(text: string, parse: (line: string) => ChangedFile[] | undefined): Verification {
  const files: ChangedFile[] = [];
  let oddLine: string | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const found = parse(line);
    if (found) files.push(...found);
    else oddLine ??= line;
  }
  return { files, oddLine };
}
