import { linesOf, type ToolAnswer, UnknownAnswerError } from '../tool-answer.ts';
import type { PackageUpdate } from './package-updates.ts';

const update =
  /^([\w.][\w.+-]{0,180})-(\d[\w.~]{0,150}(?:-r\d{1,9})?)\s+< (\d[\w.~]{0,150}(?:-r\d{1,9})?)(?: (@[\w-]{1,100}))?$/;

/**
 * The answer to `apk version -l '<'`: the installed version and the newest one in its repositories, with the tag of the repository where it
 * has one. apk does not say whether an update is about security.
 * @throws UnknownAnswerError
 */
export function parseApkVersion({ text }: ToolAnswer): PackageUpdate[] {
  return linesOf(text)
    .filter((line) => !/^Installed:\s+Available:$/.test(line))
    .map((line) => {
      const [, name = '', installed = '', available = '', tag] = update.exec(line) ?? [];
      if (name === '') throw new UnknownAnswerError('apk', line);
      return { name, installed, available, repository: tag };
    });
}

/**
 * How many repositories answered `apk update`, which prints the address of each. With no repository configured, apk reports no error, and
 * counts the installed packages as available.
 * @throws UnknownAnswerError
 */
export function apkRepositories({ text }: ToolAnswer): number {
  const lines = linesOf(text);
  const last = lines.at(-1) ?? '';
  if (!/^OK: \d{1,9} distinct packages available$/.test(last)) throw new UnknownAnswerError('apk update', last);
  return lines.filter((line) => / \[[^\]]+\]$/.test(line)).length;
}
