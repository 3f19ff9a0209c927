import { readFile } from 'node:fs/promises';

/** The limits that Buildah and Podman set for a step's processes by default; older ones lower the soft limit to the second value. */
const usual = { nofile: { name: 'open files', most: 1_048_576 }, nproc: { name: 'processes', most: 32_768 } } as const;

/**
 * Gives steps of a build, and containers, the limits that this process already has. By default, newer Buildah (and Podman for its
 * containers) sets higher ones, which a root with few rights (in a container) may not set: every RUN would then fail with
 * "setting RLIMIT_NOFILE".
 */
export async function limits(): Promise<string[]> {
  const own = await readFile('/proc/self/limits', 'utf8');
  return Object.entries(usual).map(([limit, { name, most }]) => {
    const hard = Number(new RegExp(`^Max ${name} +\\S+ +(\\d+)`, 'm').exec(own)?.[1] ?? most);
    const value = Math.min(hard, most);
    return `--ulimit=${limit}=${value}:${value}`;
  });
}
