import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const inMemory = '/dev/shm';
/** More than the demo or all tests leave there, on a machine that has at least as much again. */
const room = 8 * 2 ** 30;

/**
 * Where to put what is thrown away in the end: in memory where there is room, because a container engine waits for the disk several times at
 * each step of a Dockerfile. Whoever sets TMPDIR knows better.
 */
export function temporaryFolder(): string {
  if (process.env.TMPDIR !== undefined || process.platform !== 'linux' || !existsSync(inMemory)) return tmpdir();
  const { bavail, bsize } = statfsSync(inMemory);
  return bavail * bsize >= room && runsPrograms() ? inMemory : tmpdir();
}

/** Docker mounts it so that nothing in it can be started. https://man7.org/linux/man-pages/man5/proc_pid_mounts.5.html */
function runsPrograms(): boolean {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const options = mounts.findLast(([, folder]) => folder === inMemory)?.[3]?.split(',') ?? [];
  return options.includes('rw') && !options.includes('noexec');
}
