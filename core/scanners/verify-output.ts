import type { ChangedFile } from './file-integrity.ts';

type Problem = ChangedFile['problems'][number];

/** What a package manager says of the files, as it says it: paths are not yet fit to be shown. */
export interface Verification {
  files: ChangedFile[];
  /** The first line that is none of the tool's: who prints such a thing is not believed. */
  oddLine?: string | undefined;
}

/** By place. https://rpm-software-management.github.io/rpm/man/rpm.8#VERIFY-OPTIONS */
const problemsByPlace: readonly Problem[] = [
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
/** `S.5....T.  c /etc/a`, `missing     /usr/bin/a`; rpm before 4.6 has eight places. */
const verifyLine = /^(missing|[S?.][M?.][5?.][D?.][L?.][U?.][G?.][T?.][P?.]?) +(?:([A-Za-z]) )?(\/.*)$/s;
const cannotBeSeen =
  / \((?:Permission denied|Not a directory|Input\/output error|Too many levels of symbolic links)\)$/;

/** What `rpm -Va` prints. A question mark is a test that could not be done. */
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

/** What `dpkg --verify` prints, which is rpm's form; a question mark is a test that dpkg does not have. */
export function parseDpkgVerify(text: string): Verification {
  return read(text, (line) => verifiedFile(line, { hasUnreadable: false }));
}

/** What `debsums -c` prints: paths alone, of files that are changed or missing. */
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
  // What no package brought.
  A: [],
  D: [],
  d: [],
};

/** What `apk audit --system --check-permissions` prints: paths from the root, folders with a slash at the end. */
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
      ? [cannotBeSeen.test(path) ? 'unreadable' : 'missing']
      : problemsByPlace.filter((_, place) => /[^.?]/.test(flags.charAt(place)));
  if (hasUnreadable && flags.includes('?')) problems.push('unreadable');
  if (problems.length === 0) return [];
  const shown = problems[0] === 'unreadable' ? path.replace(cannotBeSeen, '') : path;
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
