import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask, run } from '../command.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));

/** The records that say that the blocked example's package has a defect. */
export const exampleRecords = join(examples, 'osv');

export type ExampleName = 'index' | 'base' | 'app' | 'legacy' | 'manifests';

/** A working copy of a git repository on the machine. */
export interface WorkingCopy {
  folder: string;
  url: string;
  /** What lets git sign in for a push. */
  login: Record<string, string>;
}

export const branch = 'main';

/** Makes a working copy that holds an example; a repository that is there already keeps its history. */
export async function checkOut(
  example: ExampleName,
  { folder, url, login, signal }: WorkingCopy & { signal?: AbortSignal },
): Promise<WorkingCopy> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const copy = { folder, url, login };
  await git(copy, ['init', '--quiet', `--initial-branch=${branch}`], signal);
  await git(copy, ['remote', 'add', 'origin', url], signal);
  // A repository that nobody has pushed to is not there yet.
  if ((await ask('git', ['fetch', '--quiet', 'origin', branch], { ...optionsOf(copy), signal })) !== undefined) {
    await git(copy, ['reset', '--quiet', '--soft', 'FETCH_HEAD'], signal);
  }
  await cp(join(examples, example), folder, { recursive: true });
  return copy;
}

/** Puts the address of the git server in the place that the example index keeps for it, and leaves out targets that are not here. */
export async function fillInIndex(
  index: WorkingCopy,
  { gitUrl, without }: { gitUrl: string; without: readonly string[] },
): Promise<void> {
  const file = join(index.folder, 'index.d/demo.yml');
  const lines = (await readFile(file, 'utf8')).replaceAll('$GIT_URL', gitUrl).split('\n');
  const kept = lines.filter((line) => !without.some((name) => line.includes(`- { name: ${name},`)));
  await writeFile(file, kept.join('\n'));
}

/** Makes the package that the blocked example installs, and takes its source out of the working copy. */
export async function makeExamplePackage(legacy: WorkingCopy, signal?: AbortSignal): Promise<void> {
  const source = join(legacy.folder, 'package');
  // dpkg-deb refuses a source whose modes come from a strict umask.
  for (const path of ['.', 'DEBIAN', 'usr', 'usr/bin', 'usr/bin/parse-line']) await chmod(join(source, path), 0o755);
  await chmod(join(source, 'DEBIAN/control'), 0o644);
  await run('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', source, legacy.folder], {
    signal,
    environment: { SOURCE_DATE_EPOCH: '1767225600' },
  });
  await rm(source, { recursive: true });
}

/** Commits everything and pushes it; gives the commit. */
export async function push(copy: WorkingCopy, message: string, signal?: AbortSignal): Promise<string> {
  await git(copy, ['add', '--all'], signal);
  await git(copy, ['commit', '--quiet', '--allow-empty', `--message=${message}`], signal);
  await git(copy, ['push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`], signal);
  return (await git(copy, ['rev-parse', 'HEAD'], signal)).trim();
}

/** The last commit that anybody pushed, and the text that a file has in it. */
export async function readPushed(copy: WorkingCopy, path: string, signal?: AbortSignal) {
  await git(copy, ['fetch', '--quiet', 'origin', branch], signal);
  const [commit = '', author = '', subject = ''] = (
    await git(copy, ['log', '-1', '--format=%H%n%an%n%s', 'FETCH_HEAD'], signal)
  ).split('\n');
  return { commit, author, subject, text: await git(copy, ['show', `FETCH_HEAD:${path}`], signal) };
}

/** Nothing of the person's own git set-up changes what the demo does. */
const optionsOf = ({ folder, login }: WorkingCopy) => ({
  cwd: folder,
  environment: {
    ...login,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Slipway demo',
    GIT_AUTHOR_EMAIL: 'demo@example.com',
    GIT_COMMITTER_NAME: 'Slipway demo',
    GIT_COMMITTER_EMAIL: 'demo@example.com',
    NO_PROXY: 'localhost,127.0.0.1',
    no_proxy: 'localhost,127.0.0.1',
  },
});

function git(copy: WorkingCopy, args: string[], signal?: AbortSignal): Promise<string> {
  return run('git', args, { ...optionsOf(copy), signal });
}
