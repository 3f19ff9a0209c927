import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ask, CommandFailedError, run } from '../command.ts';
import type { ContainerEngine } from '../container-engine.ts';
import { findFreePort } from './port.ts';
import { pageAt, waitFor } from './watch.ts';

export interface TryOptions {
  engine: ContainerEngine['name'];
  /** `localhost:4600/demo/app:latest` */
  image: string;
  /** A page that the image serves, `/index.html`. */
  page: string;
  /** An empty folder, for an engine whose storage can stand anywhere. */
  workspace: string;
  signal: AbortSignal;
}

export interface Tried {
  /** What the pulled image has as its digest. */
  digest: string;
  /** What the running container answered. */
  body: string;
}

/** How a person pulls an image from a registry that speaks HTTP. */
export function pullCommand(engine: ContainerEngine['name'], image: string): string {
  return engine === 'docker' ? `docker pull ${image}` : `${engine} pull --tls-verify=false ${image}`;
}

/** Pulls an image of the registry, runs it as it says it wants to be run, reads a page from it, and cleans up. */
export async function tryImage(options: TryOptions): Promise<Tried> {
  return options.engine === 'buildah' ? await tryWithBuildah(options) : await tryWithDocker(options);
}

const port = 8080;

/** Podman has the same commands. The container has no network but its own, so nothing of the machine's is in the way. */
async function tryWithDocker({ engine, image, page, signal }: TryOptions): Promise<Tried> {
  const insecure = engine === 'podman' ? ['--tls-verify=false'] : [];
  await run(engine, ['pull', '--quiet', ...insecure, image], { signal });
  const digests = await run(engine, ['image', 'inspect', '--format', '{{json .RepoDigests}}', image], { signal });
  const digest = /@(sha256:[0-9a-f]{64})/.exec(digests)?.[1] ?? '';
  const container = (await run(engine, ['run', '--detach', '--network', 'none', image], { signal })).trim();
  try {
    const fetchPage = ['exec', container, 'wget', '-q', '-O', '-', `http://127.0.0.1:${port}${page}`];
    const body = await waitFor('An answer of the container', () => ask(engine, fetchPage, { signal }), {
      seconds: 20,
      signal,
    });
    return { digest, body };
  } finally {
    await run(engine, ['rm', '--force', container]);
    await run(engine, ['image', 'rm', image]);
  }
}

const inspectionSchema = z.object({
  FromImageDigest: z.string(),
  OCIv1: z.object({ config: z.object({ Cmd: z.array(z.string()).min(1) }) }),
});

/** Buildah runs the image's command in a chroot, so the server is on the machine's own loopback. */
async function tryWithBuildah({ image, page, workspace, signal }: TryOptions): Promise<Tried> {
  await mkdir(workspace, { recursive: true });
  const storage = ['--root', join(workspace, 'root'), '--runroot', join(workspace, 'run'), '--storage-driver', 'vfs'];
  const buildah = (...args: string[]) => run('buildah', [...storage, ...args], { signal });
  // A login that a person left behind for this address is of an earlier machine: the registry would refuse it.
  const logins = join(workspace, 'auth.json');
  await writeFile(logins, '{}');
  const limits = (await ownLimits()).map((limit) => `--ulimit=${limit}`);
  const pulling = ['--quiet', '--tls-verify=false', `--authfile=${logins}`];
  const container = (await buildah('from', ...pulling, ...limits, image)).trim();
  const inspection = inspectionSchema.parse(JSON.parse(await buildah('inspect', container)));
  const freePort = await findFreePort();
  const server = spawn(
    'buildah',
    [
      ...storage,
      'run',
      '--isolation',
      'chroot',
      '--env',
      `PORT=${freePort}`,
      container,
      '--',
      ...inspection.OCIv1.config.Cmd,
    ],
    { detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  server.stderr.on('data', (text: Buffer) => {
    complaint = `${complaint}${text}`.slice(-1000);
  });
  try {
    const answer = () => {
      const { exitCode } = server;
      if (exitCode !== null)
        throw new CommandFailedError('buildah run', `ended with code ${exitCode}`, complaint.trim());
      return pageAt(`http://127.0.0.1:${freePort}${page}`);
    };
    const body = await waitFor('An answer of the container', answer, { seconds: 20, signal });
    return { digest: inspection.FromImageDigest, body };
  } finally {
    await endGroup(server);
    await run('buildah', [...storage, 'rm', '--all']);
    await run('buildah', [...storage, 'rmi', '--all', '--force']);
  }
}

/**
 * Limits that this process has anyhow. Newer Buildah asks for 1048576 by itself, which a root with few rights (in a container) may
 * not have; older ones lower their processes to 32768 first and may not go up again.
 */
async function ownLimits(): Promise<string[]> {
  const text = await readFile('/proc/self/limits', 'utf8');
  const most = { nofile: ['open files', 1_048_576], nproc: ['processes', 32_768] } as const;
  return Object.entries(most).map(([limit, [name, usual]]) => {
    const hard = Number(new RegExp(`^Max ${name} +\\S+ +(\\d+)`, 'm').exec(text)?.[1] ?? usual);
    const value = Math.min(hard, usual);
    return `${limit}=${value}:${value}`;
  });
}

/** Buildah and what it runs in the chroot are one process group. */
async function endGroup(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, 'exit');
  process.kill(-server.pid, 'SIGTERM');
  const timeout = delay(3000, 'slow' as const, { ref: false });
  if ((await Promise.race([gone, timeout])) === 'slow') process.kill(-server.pid, 'SIGKILL');
  await gone;
}
