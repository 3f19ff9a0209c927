import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { BuildRequest } from '../core/model/builder-contract.ts';
import { SourceInvalidError, SourceNotFoundError } from './errors.ts';
import type { BuildLog } from './log.ts';
import { type Finished, run } from './process.ts';

export interface Source {
  /** The commit's files and nothing of git. */
  folder: string;
  committedAt: Date;
}

const protocols = ['https:', 'http:', 'git:'];
/** As git itself allows ref names, without what it would read as a pattern, a range or an option: git-check-ref-format(1). */
const refPattern = /^refs\/(?!.*(?:\.\.|@\{|\/\/|\/\.))[^\p{Cc}\s~^:?*[\\]+$/u;

/** Nothing of the host's configuration, no prompt, no hook, no other protocol, also for submodules. */
const environment = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TEMPLATE_DIR: '',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '/bin/false',
  GIT_ALLOW_PROTOCOL: 'https:http:git',
  GIT_LFS_SKIP_SMUDGE: '1',
  LC_ALL: 'C',
};
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'credential.helper=',
  'advice.detachedHead=false',
  'gc.auto=0',
];

/**
 * Fetches exactly the requested commit.
 * @throws SourceNotFoundError, SourceInvalidError
 */
export async function fetchSource(
  source: BuildRequest['source'],
  workspace: string,
  options: { env: Readonly<Record<string, string>>; log: BuildLog; signal: AbortSignal },
): Promise<Source> {
  const { url, commit, ref } = source;
  if (!URL.canParse(url) || !protocols.includes(new URL(url).protocol)) {
    throw new SourceNotFoundError(
      `The source ${JSON.stringify(url)} is not an https, http or git address. Correct git-url in the index.`,
    );
  }
  const folder = join(workspace, 'source');
  // Git's own files are beside the checkout, not in it: they differ from fetch to fetch, and `COPY . .` would bring them into the image.
  const gitFolder = join(workspace, 'git');
  await mkdir(folder);
  const git = (...args: string[]): Promise<Finished> =>
    run(
      'git',
      [`--git-dir=${gitFolder}`, `--work-tree=${folder}`, ...settings.flatMap((setting) => ['-c', setting]), ...args],
      {
        env: { ...options.env, ...environment, HOME: workspace },
        cwd: folder,
        signal: options.signal,
      },
    );
  const must = async (what: string, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await git(...args);
    if (code !== 0) throw new SourceNotFoundError(`${what}: ${lastLine(stderr)}`);
    return stdout.trim();
  };

  const format = commit.length === 64 ? 'sha256' : 'sha1';
  await must('git could not begin', 'init', '--quiet', `--object-format=${format}`);
  const fetch = (wanted: string, ...depth: string[]) =>
    git('fetch', '--quiet', '--no-tags', '--no-recurse-submodules', ...depth, '--end-of-options', url, wanted);
  const isHere = async () => (await git('cat-file', '-e', '--end-of-options', `${commit}^{commit}`)).code === 0;

  const exact = await fetch(commit, '--depth=1');
  if (exact.code !== 0) {
    // Some hosts hand out no commit by its name (uploadpack.allowReachableSHA1InWant): then by the ref, its head first, then all of it.
    const byRef = refPattern.test(ref) ? await fetch(ref, '--depth=1') : exact;
    if (byRef.code !== 0) throw notFound(url, commit, ref, byRef.stderr);
    if (!(await isHere())) {
      const deeper = await fetch(ref, '--unshallow');
      if (deeper.code !== 0 || !(await isHere())) throw notFound(url, commit, ref, exact.stderr);
    }
  }
  await must('The commit cannot be checked out', 'checkout', '--quiet', '--detach', '--force', commit, '--');
  const committedAt = dateOf(
    await must('The commit cannot be read', 'log', '-1', '--format=%ct', commit, '--'),
    commit,
  );

  if (existsSync(join(folder, '.gitmodules'))) {
    options.log.line('fetching the submodules');
    // A submodule's relative address is relative to the remote's.
    await must('The submodules cannot be fetched', 'config', 'remote.origin.url', url);
    await must(
      'The submodules cannot be fetched',
      'submodule',
      '--quiet',
      'update',
      '--init',
      '--recursive',
      '--depth=1',
      '--jobs=4',
    );
    for (const path of await readdir(folder, { recursive: true })) {
      if (basename(path) === '.git') await rm(join(folder, path), { recursive: true, force: true });
    }
  }
  return { folder, committedAt };
}

/**
 * The image gets the time of its commit. Engines hold times as Go does, in 64 bits of nanoseconds since 1970: https://pkg.go.dev/time#Time.UnixNano
 */
const lastSecond = Date.UTC(2262, 0) / 1000 - 1;

function dateOf(seconds: string, commit: string): Date {
  if (/^\d{1,10}$/.test(seconds) && Number(seconds) <= lastSecond) return new Date(1000 * Number(seconds));
  throw new SourceInvalidError(
    `The commit ${commit.slice(0, 12)} has an impossible date: ${seconds || 'none'} as seconds since 1970, which must be before the year 2262. ` +
      'Give it the current date with "git commit --amend --no-edit", then push again.',
  );
}

function notFound(url: string, commit: string, ref: string, stderr: string): SourceNotFoundError {
  return new SourceNotFoundError(
    `The commit ${commit.slice(0, 12)} of ${ref} cannot be fetched from ${url}: ${lastLine(stderr)}. ` +
      'If the branch was pushed again in the meantime, the newer push has a build of its own; otherwise check git-url in the index.',
  );
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => line.startsWith('fatal:')) ?? lines.at(-1) ?? 'git gave no reason').replace(/\.$/, '');
}
