import type { PackageUpdate } from './package-updates.ts';
import { linesOf, type ToolAnswer, UnknownAnswerError } from './tool-answer.ts';

const update =
  /^([\w.][\w.+-]{0,180})-(\d[\w.~]{0,150}(?:-r\d{1,9})?)\s+< (\d[\w.~]{0,150}(?:-r\d{1,9})?)(?: (@[\w-]{1,100}))?$/;

/**
 * The answer to `apk version -l '<'`: the version that is installed and the newest of its repositories, with the tag of the repository
 * where it has one. It says nothing of security.
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
 * How many repositories answered `apk update`: it names each with its address. Where none is set, that is no error to apk, and the
 * packages that it then says are available are those that are installed.
 * @throws UnknownAnswerError
 */
export function apkRepositories({ text }: ToolAnswer): number {
  const lines = linesOf(text);
  const last = lines.at(-1) ?? '';
  if (!/^OK: \d{1,9} distinct packages available$/.test(last)) throw new UnknownAnswerError('apk update', last);
  return lines.filter((line) => / \[[^\]]+\]$/.test(line)).length;
}
