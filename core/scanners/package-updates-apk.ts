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
      return { name, installed, available, ...(tag === undefined ? {} : { repository: tag }) };
    });
}

/**
 * How many packages the repositories offer, by the last line of `apk update`; none where no repository is set, which is no error to apk.
 * @throws UnknownAnswerError
 */
export function apkOffers({ text }: ToolAnswer): number {
  const last = linesOf(text).at(-1) ?? '';
  const count = /^OK: (\d{1,9}) distinct packages available$/.exec(last)?.[1];
  if (count === undefined) throw new UnknownAnswerError('apk update', last);
  return Number(count);
}
