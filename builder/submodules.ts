import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { SourceInvalidError, SourceNotFoundError } from './errors.ts';
import { type Checkout, type RunGit, reasonOf } from './git.ts';
import type { GitAddress } from './git-address.ts';

interface Submodules {
  git: RunGit;
  judge: (url: string) => Promise<GitAddress>;
  /** What people are to do about a submodule that its host does not show. */
  next: string;
}

/** One repository may not keep a build busy with submodules of submodules. */
const mostSubmodules = 500;
const failure = 'The submodules cannot be fetched';

/**
 * Fetches the submodules of a checkout, and theirs. Git reads and resolves the addresses, and each is judged before git connects to it.
 * @param url the checkout's own address, as it was written: relative ones are relative to it
 * @throws SourceNotFoundError, SourceInvalidError
 */
export async function fetchSubmodules(root: Checkout, url: string, { git, judge, next }: Submodules): Promise<void> {
  let count = 0;

  async function must(checkout: Checkout, settings: readonly string[], ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await git(checkout, settings, ...args);
    if (code === 0) return stdout;
    throw new SourceNotFoundError(`${failure}: ${reasonOf(stderr)}`);
  }

  /** The submodules' values of a key, by their names. */
  async function valuesOf(checkout: Checkout, file: readonly string[], key: 'url' | 'path') {
    const pattern = `^submodule\\..*\\.${key}$`;
    const { code, stdout } = await git(checkout, [], 'config', ...file, '-z', '--get-regexp', pattern);
    if (code !== 0) return new Map<string, string>();
    const entries = stdout.split('\0').filter((entry) => entry.includes('\n'));
    return new Map(
      entries.map((entry): [string, string] => {
        const end = entry.indexOf('\n');
        return [entry.slice('submodule.'.length, end - key.length - 1), entry.slice(end + 1)];
      }),
    );
  }

  async function fetchAll(checkout: Checkout, address: string): Promise<void> {
    if (!(await isPlainFile(join(checkout.folder, '.gitmodules')))) return;
    await must(checkout, [], 'config', 'remote.origin.url', address);
    await must(checkout, [], 'submodule', '--quiet', 'init');
    const urls = await valuesOf(checkout, [], 'url');
    count += urls.size;
    if (count > mostSubmodules) {
      throw new SourceInvalidError(`${failure}: there are more than ${mostSubmodules}, with those in submodules.`);
    }
    const settings: string[] = [];
    for (const [name, written] of urls) {
      const judged = await judge(written);
      settings.push(...judged.settings);
      await must(checkout, [], 'config', `submodule.${name}.url`, judged.url);
    }
    if (urls.size === 0) return;
    const { code, stderr } = await git(checkout, settings, 'submodule', '--quiet', 'update', '--depth=1', '--jobs=4');
    if (code !== 0) {
      const [, closed] = /^fatal: clone of '(.+)' into submodule path/m.exec(stderr) ?? [];
      const reason = reasonOf(stderr);
      throw new SourceNotFoundError(
        closed === undefined
          ? `${failure}: ${reason}`
          : `The submodule ${closed} cannot be fetched: ${reason}. ${next}`,
      );
    }
    const paths = await valuesOf(checkout, ['--file', '.gitmodules'], 'path');
    for (const [name, written] of urls) {
      const path = paths.get(name);
      const folder = path === undefined ? undefined : await folderInside(checkout.folder, path);
      if (folder === undefined) continue;
      await fetchAll({ gitFolder: join(checkout.gitFolder, 'modules', name), folder }, written);
    }
  }

  await fetchAll(root, url);
}

/** Git itself does not read a `.gitmodules` that is a link: https://git-scm.com/docs/gitmodules#_notes */
async function isPlainFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() ?? false;
}

/** The folder of a submodule that was checked out; undefined where the path leads through a link, or there is none. */
async function folderInside(checkout: string, path: string): Promise<string | undefined> {
  const [real, root] = await Promise.all([realpath(join(checkout, path)).catch(() => undefined), realpath(checkout)]);
  return real === join(root, path) && real.startsWith(`${root}/`) ? real : undefined;
}
