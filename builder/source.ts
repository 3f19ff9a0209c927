import { existsSync } from 'node:fs';
import { mkdir, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Authored } from '../core/model/build.ts';
import type { BuildRequest } from '../core/model/builder-contract.ts';
import { SourceInvalidError, SourceNotFoundError } from './errors.ts';
import { createGit, reasonOf } from './git.ts';
import { judgeGitAddress } from './git-address.ts';
import { type GitCredential, keepCredential } from './git-credential.ts';
import type { BuildLog } from './log.ts';
import type { Finished } from './process.ts';
import { fetchSubmodules } from './submodules.ts';

export interface Source {
  /** The commit's files and nothing of git. */
  folder: string;
  committedAt: Date;
  authored: Authored;
}

/** As git itself allows ref names, without what it would read as a pattern, a range or an option: git-check-ref-format(1). */
const refPattern = /^refs\/(?!.*(?:\.\.|@\{|\/\/|\/\.))[^\p{Cc}\s~^:?*[\\]+$/u;

/**
 * Fetches exactly the requested commit.
 * @throws SourceNotFoundError, SourceInvalidError
 */
export async function fetchSource(
  source: BuildRequest['source'],
  workspace: string,
  options: {
    env: Readonly<Record<string, string>>;
    log: BuildLog;
    /** Hosts that may have private addresses, although strangers name them. */
    privateHosts: readonly string[];
    /** What opens the repository, if it is not public. */
    credential?: GitCredential | undefined;
    signal: AbortSignal;
  },
): Promise<Source> {
  const { commit, ref } = source;
  const { url, settings } = await judgeGitAddress(source.url, { ...options, next: 'Correct git-url in the index.' });
  // Git's own files are beside the checkout, not in it: they differ from fetch to fetch, and `COPY . .` would bring them into the image.
  const checkout = { folder: join(workspace, 'source'), gitFolder: join(workspace, 'git') };
  const { folder } = checkout;
  await mkdir(folder);
  await using credential = await keepCredential(options.credential, workspace);
  const run = createGit(workspace, { ...options, settings: credential.settings });
  const git = (...args: string[]): Promise<Finished> => run(checkout, settings, ...args);
  const must = async (what: string, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await git(...args);
    if (code !== 0) throw new SourceNotFoundError(`${what}: ${reasonOf(stderr)}`);
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
    if (byRef.code !== 0) throw notFound(source, byRef.stderr);
    if (!(await isHere())) {
      const deeper = await fetch(ref, '--unshallow');
      if (deeper.code !== 0 || !(await isHere())) throw notFound(source, exact.stderr);
    }
  }
  await must('The commit cannot be checked out', 'checkout', '--quiet', '--detach', '--force', commit, '--');
  // Neither a name nor a message can have a NUL: git-commit-tree(1).
  const described = await must('The commit cannot be read', 'log', '-1', '--format=%ct%x00%an%x00%s', commit, '--');
  const [seconds = '', author = '', subject = ''] = described.split('\0');
  const committedAt = dateOf(seconds, commit);

  if (existsSync(join(folder, '.gitmodules'))) {
    options.log.line('fetching the submodules');
    await fetchSubmodules(checkout, source.url, {
      git: run,
      judge: (written) => judgeGitAddress(written, { ...options, next: 'Correct the file .gitmodules.' }),
      next: options.credential
        ? `The secret of "source-secret" is for ${options.credential.url} and what is below it: have whoever runs this pipeline store one for both repositories (docs/private-projects.md), or correct .gitmodules.`
        : 'If it is not public, name in "source-secret" what opens it; otherwise correct .gitmodules.',
    });
    await removeGitEntries(folder, options.signal);
  }
  return { folder, committedAt, authored: { by: start(author, 200), subject: start(subject, 500) } };
}

function start(text: string, length: number): string {
  // Never half a character: a lone surrogate is not valid text.
  return text.slice(0, length).toWellFormed();
}

/**
 * Removes `.git` from each submodule: it differs from fetch to fetch. Links are not followed: they may lead out of the checkout, or in
 * a circle.
 */
async function removeGitEntries(checkout: string, signal: AbortSignal): Promise<void> {
  const folders = [checkout];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal.throwIfAborted();
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      if (entry.name === '.git') await rm(path, { recursive: true, force: true });
      else if (entry.isDirectory()) folders.push(path);
    }
  }
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

function notFound({ url, commit, ref, hasSecret }: BuildRequest['source'], stderr: string): SourceNotFoundError {
  return new SourceNotFoundError(
    `The commit ${commit.slice(0, 12)} of ${ref} cannot be fetched from ${url}: ${reasonOf(stderr)}. ` +
      `If the branch was pushed again in the meantime, the newer push has a build of its own; otherwise check git-url in the index${hasSecret ? ', and whether what the secret of "source-secret" has still opens the repository' : ''}.`,
  );
}
