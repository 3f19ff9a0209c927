import { readFile } from 'node:fs/promises';

/** What Buildah and Podman give the processes of a step where nobody says otherwise; an older one goes down to the second by itself. */
const usual = { nofile: { name: 'open files', most: 1_048_576 }, nproc: { name: 'processes', most: 32_768 } } as const;

/**
 * Limits for the steps of a build, and for containers, that this process has anyhow. Newer Buildah asks for more by itself, and Podman
 * does for its containers, which a root with few rights (in a container) may not have: every RUN would then fail with
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
