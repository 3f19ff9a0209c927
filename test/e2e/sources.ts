import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../local/command.ts';
import { type GitLogin, gitLoginEnvironment } from '../../local/git-credentials.ts';

const identity = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Slipway test',
  GIT_AUTHOR_EMAIL: 'test@example.org',
  GIT_COMMITTER_NAME: 'Slipway test',
  GIT_COMMITTER_EMAIL: 'test@example.org',
};

export type Files = Record<string, string>;

/** Somebody's working copy of a repository on the machine. */
export async function createWorkingCopy(machine: GitLogin, repository: string) {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-source-'));
  const environment = { ...identity, ...gitLoginEnvironment(machine) };
  // Nothing of it goes over a network.
  const git = (...args: string[]) => run('git', ['-c', 'core.compression=0', ...args], { cwd: folder, environment });
  await git('init', '--quiet', '--initial-branch=main');
  await git('remote', 'add', 'origin', `${machine.url}/git/${repository}.git`);

  return {
    folder,
    git,

    async write(files: Files): Promise<void> {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), text);
      }
    },

    async add(path: string, from: string): Promise<void> {
      await cp(from, join(folder, path));
    },

    /** Commits what there is and pushes it; gives the commit. */
    async push(message: string, ref = 'refs/heads/main'): Promise<string> {
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', `--message=${message}`);
      await git('push', '--quiet', '--force', 'origin', `HEAD:${ref}`);
      return (await git('rev-parse', 'HEAD')).trim();
    },

    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export type WorkingCopy = Awaited<ReturnType<typeof createWorkingCopy>>;

/** An entry of the index, in CCCP's schema. */
export function entry(url: string, job: string, over: Record<string, string> = {}): string {
  const keys: Record<string, string> = {
    id: '1',
    'app-id': 'demo',
    'job-id': job,
    'git-url': `${url}/git/demo/${job}.git`,
    'git-branch': 'main',
    'git-path': '/',
    'target-file': 'Dockerfile',
    'desired-tag': 'latest',
    'notify-email': `${job}@example.org`,
    'build-context': './',
    'depends-on': 'null',
    ...over,
  };
  const lines = Object.entries(keys).map(([key, value]) => `    ${key}: ${value}`);
  return `  -${lines.join('\n').slice(3)}`;
}

/** How a Dockerfile begins on the packages of the example's base image, which every source of the tests has as `rootfs.tar`. */
export const smallDebian = 'FROM scratch\nADD rootfs.tar /\n';
