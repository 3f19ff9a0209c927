import type { InstalledPackage } from '../../model/package-list.ts';
import { compareRpmVersions } from '../../packages/version-order.ts';
import { linesOf, type ToolAnswer, UnknownAnswerError } from '../tool-answer.ts';
import type { PackageUpdate } from './package-updates.ts';

/** The exit code of `check-update` when there are updates; without any it exits with 0. */
export const hasUpdatesCode = 100;

const nameAndArchitecture = /^([\w.+-]{1,190})\.(\w{1,20})$/;
const version = /^(?:\d{1,10}:)?[\w.+~^]{1,100}-[\w.+~^]{1,90}$/;
const repository = /^[\x21-\x7e]{1,200}$/;
const heading = /^(?:(?:Available )?[Uu]pgrades|Obsoleting [Pp]ackages)$/;
/** Printed where a newer kernel is installed than the one that is running. */
const kernelNote = /^Security: \S+ is (?:an installed security update|the currently running version)$/;

/**
 * The answer of `dnf`, `yum` or `dnf5` to `check-update`: lines of name, version and repository. Yum breaks a line whose columns are too
 * narrow. Packages that another package would replace are listed after a heading; they have no update themselves.
 * @throws UnknownAnswerError
 */
export function parseCheckUpdate(
  tool: string,
  { code, text }: ToolAnswer,
  installed: readonly InstalledPackage[],
): PackageUpdate[] {
  const rows: string[][] = [];
  let isObsoleting = false;
  let row: string[] = [];
  for (const line of linesOf(text)) {
    if (kernelNote.test(line)) continue;
    const words = line.trim().split(/\s+/);
    const isContinued = /^\s/.test(line);
    if (row.length > 0 && row.length < 3 && isContinued) row.push(...words);
    else if (row.length > 0 && row.length < 3) throw new UnknownAnswerError(tool, line);
    else if (heading.test(line)) {
      isObsoleting = line.startsWith('Obsoleting');
      row = [];
      continue;
    } else if (isContinued && !isObsoleting) throw new UnknownAnswerError(tool, line);
    else row = words;
    if (row.length > 3 || !nameAndArchitecture.test(row[0] ?? '')) throw new UnknownAnswerError(tool, line);
    if (row.length === 3 && !isObsoleting) rows.push(row);
  }
  if (row.length > 0 && row.length < 3) throw new UnknownAnswerError(tool, row.join(' '));
  if (code === 0 && rows.length > 0) throw new UnknownAnswerError(tool, 'a list of updates, but exit code 0 for none');
  if (code === hasUpdatesCode && row.length === 0)
    throw new UnknownAnswerError(tool, 'no update, but exit code 100 for updates');
  const versions = newestInstalled(installed);
  return rows.map(([label = '', available = '', from = '']) => {
    const name = nameAndArchitecture.exec(label)?.[1] ?? '';
    const now = versions.get(label) ?? versions.get(name);
    if (!version.test(available) || !repository.test(from) || now === undefined) {
      throw new UnknownAnswerError(tool, [label, available, from].join(' '));
    }
    return { name, installed: now, available, repository: from };
  });
}

const oldAdvisory = /^\S{1,200}\s+(\S{1,60})\s+(\S{1,300})$/;
/** In the format of dnf5: the severity may be missing. */
const advisory = /^\S{1,200}\s+(\S{1,60})\s+(?:\S{1,60}\s+)?(\S{1,300})\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;
const nevra = /^(.{1,190})-(?:\d{1,10}:)?[\w.+~^]{1,100}-[\w.+~^]{1,90}\.(\w{1,20})$/;

/**
 * Marks whether updates fix a security defect, from the answer to `updateinfo list`. A package that no advisory names is not marked: many
 * repositories have no advisories.
 * @throws UnknownAnswerError
 */
export function withAdvisories(tool: string, { text }: ToolAnswer, updates: readonly PackageUpdate[]): PackageUpdate[] {
  const isSecurity = new Map<string, boolean>();
  for (const line of linesOf(text)) {
    if (/^Name\s+Type\s+Severity\s+Package\s+Issued$/.test(line)) continue;
    const [, type = '', label = ''] = advisory.exec(line) ?? oldAdvisory.exec(line) ?? [];
    const name = nevra.exec(label)?.[1];
    if (name === undefined) throw new UnknownAnswerError(tool, line);
    isSecurity.set(name, isSecurity.get(name) === true || type === 'security' || type.endsWith('/Sec.'));
  }
  return updates.map((update) => {
    const security = isSecurity.get(update.name);
    return security === undefined ? update : { ...update, security };
  });
}

/**
 * The answer of `microdnf upgrade --assumeno`: the transaction that it would make, and its size. microdnf has no `check-update`.
 * https://github.com/rpm-software-management/microdnf/blob/main/dnf/dnf-utils.c
 * @throws UnknownAnswerError
 */
export function parseMicrodnf({ text }: ToolAnswer, installed: readonly InstalledPackage[]): PackageUpdate[] {
  const tool = 'microdnf';
  const lines = linesOf(text).filter((line) => !/^Downloading metadata\.{3}$/.test(line));
  if (lines.length === 1 && lines[0] === 'Nothing to do.') return [];
  const [head = '', ...rest] = lines;
  const end = rest.indexOf('Transaction Summary:');
  const count = /^ Upgrading:\s+(\d{1,6}) packages$/m.exec(rest.slice(end).join('\n'))?.[1];
  if (!/^Package\s+Repository\s+Size$/.test(head) || end < 0 || count === undefined) {
    throw new UnknownAnswerError(tool, head);
  }
  const versions = newestInstalled(installed);
  const updates: PackageUpdate[] = [];
  let section = '';
  for (const line of rest.slice(0, end)) {
    if (/^\S+:$/.test(line)) section = line;
    if (section !== 'Upgrading:' || /^\S+:$/.test(line) || /^\s+replacing \S+$/.test(line)) continue;
    const [, label = '', from = ''] = /^\s{1,9}(\S{1,300})\s+(\S{1,200})\s+[\d.]+ \w+$/.exec(line) ?? [];
    const [, name = '', available = '', architecture = ''] =
      /^(.{1,190})-((?:\d{1,10}:)?[\w.+~^]{1,100}-[\w.+~^]{1,90})\.(\w{1,20})$/.exec(label) ?? [];
    const now = versions.get(`${name}.${architecture}`) ?? versions.get(name);
    if (now === undefined) throw new UnknownAnswerError(tool, line);
    updates.push({ name, installed: now, available, repository: from });
  }
  if (updates.length !== Number(count))
    throw new UnknownAnswerError(tool, `${count} packages, but ${updates.length} listed`);
  return updates;
}

/** The newest version by name and architecture, and by name: several versions of a kernel may be installed side by side. */
function newestInstalled(installed: readonly InstalledPackage[]): Map<string, string> {
  const versions = new Map<string, string>();
  for (const { name, architecture, version: own } of installed) {
    for (const key of [`${name}.${architecture}`, name]) {
      const known = versions.get(key);
      if (known === undefined || compareRpmVersions(own, known) > 0) versions.set(key, own);
    }
  }
  return versions;
}
