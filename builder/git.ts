import { type Finished, run } from './process.ts';

/** A repository's git folder and its checkout. */
export interface Checkout {
  gitFolder: string;
  folder: string;
}

/** Runs git on a checkout; `settings` are added to those that always hold. */
export type RunGit = (checkout: Checkout, settings: readonly string[], ...args: string[]) => Promise<Finished>;

/** Nothing of the host's configuration, no prompt, no hook, no other protocol, also for submodules. */
const environment = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TEMPLATE_DIR: '',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '/bin/false',
  GIT_ALLOW_PROTOCOL: 'https:http',
  GIT_LFS_SKIP_SMUDGE: '1',
  LC_ALL: 'C',
};
const always = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'credential.helper=',
  'advice.detachedHead=false',
  'gc.auto=0',
  // What was fetched is checked out and thrown away: to compress it would take longer than to write it.
  'core.compression=0',
  // Git connects only to the address that it is given, which was judged (git-address.ts).
  'http.followRedirects=false',
];

export function createGit(
  home: string,
  {
    env,
    signal,
    settings: ofBuild = [],
  }: { env: Readonly<Record<string, string>>; signal: AbortSignal; settings?: readonly string[] },
): RunGit {
  return ({ gitFolder, folder }, settings, ...args) =>
    run(
      'git',
      [
        `--git-dir=${gitFolder}`,
        `--work-tree=${folder}`,
        ...[...always, ...ofBuild, ...settings].flatMap((setting) => ['-c', setting]),
        ...args,
      ],
      { env: { ...env, ...environment, HOME: home }, cwd: folder, signal },
    );
}

/** What git says of its failure. */
export function reasonOf(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return (lines.find((line) => line.startsWith('fatal:')) ?? lines.at(-1) ?? 'git gave no reason').replace(/\.$/, '');
}
