import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../process.ts';
import type { BuildJob } from './engine.ts';
import type { Store } from './store.ts';

/**
 * How `RUN` instructions are kept apart from the machine: `oci` (a container as at run time) where a container can be started, else
 * `chroot`, which works inside other containers and without cgroups. Tried once per boot, and never inferred from a build's own
 * output, which the build could forge.
 */
export async function isolation(
  store: Store,
  { env, signal, workspace }: Pick<BuildJob, 'env' | 'signal' | 'workspace'>,
): Promise<string> {
  if (env.BUILDAH_ISOLATION) return env.BUILDAH_ISOLATION;
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => randomUUID())).trim();
  const note = join(store.folder, `isolation-${boot}`);
  const known = await readFile(note, 'utf8').catch(() => undefined);
  if (known) return known;

  const dockerfile = join(workspace, 'try-isolation');
  await writeFile(dockerfile, 'FROM scratch\nRUN ["/nothing"]\n');
  const [program = '', ...args] = await store.command(
    [],
    ['build', '--isolation=oci', '--no-cache', '--force-rm', `--file=${dockerfile}`, '--', workspace],
  );
  // The program does not exist, so the trial always fails: what matters is whether the runtime got far enough to search for it.
  const { stderr } = await run(program, args, { env, signal });
  const answer = /executable file [`"']\/nothing[`"'] not found|exec: "\/nothing"/.test(stderr) ? 'oci' : 'chroot';
  await writeFile(note, answer);
  return answer;
}
