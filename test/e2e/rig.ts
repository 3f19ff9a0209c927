import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inject } from 'vitest';
import { makeRootFileSystem } from '../../local/demo/root-file-system.ts';
import { createSlipwayClient, type Message, type ShownBuild } from '../../local/demo/slipway-client.ts';
import { type Machine, type MachineOptions, startMachine } from '../../local/machine.ts';
import { createWorkingCopy, entry, type Files, type WorkingCopy } from './sources.ts';

const running = new Set(['queued', 'building', 'scanning', 'releasing']);
const patienceSeconds = 120;

/** A Slipway on this machine for the tests of one file, and people who push to it. */
export async function startRig(options: Partial<MachineOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'slipway end-to-end '));
  const lines: string[] = [];
  const shared = inject('shared');
  const [assembly, ownAssembly] = [join(shared.folder, 'cdk.out'), join(folder, 'data', 'cdk.out')];
  if (existsSync(assembly)) await cp(assembly, ownAssembly, { recursive: true });
  const machine: Machine = await startMachine({
    dataFolder: join(folder, 'data'),
    port: shared.port,
    scanner: 'records',
    billGenerator: await noBills(folder),
    output: (line) => lines.push(line),
    ...options,
  });
  // One of another configuration, or one that was changed, is no other's.
  const isCommon = !options.config && !options.assembly;
  if (isCommon && !existsSync(assembly)) await cp(ownAssembly, assembly, { recursive: true });
  const archive = join(shared.folder, 'rootfs.tar');
  if (!existsSync(archive)) {
    const made = join(folder, 'rootfs.tar');
    await makeRootFileSystem({ archive: made, workspace: join(folder, 'packages'), say: () => undefined });
    await rename(made, archive);
  }
  const client = createSlipwayClient(machine.url, new AbortController().signal);
  const copies = new Map<string, WorkingCopy>();

  async function until<Value>(what: string, question: () => Promise<Value | undefined>): Promise<Value> {
    const deadline = Date.now() + patienceSeconds * 1000;
    for (;;) {
      const answer = await question();
      if (answer !== undefined) return answer;
      if (Date.now() > deadline)
        throw new Error(`${what} did not happen. The machine said:\n${lines.slice(-40).join('\n')}`);
      await delay(100);
    }
  }

  async function workingCopy(repository: string): Promise<WorkingCopy> {
    const copy = copies.get(repository) ?? (await createWorkingCopy(`${machine.url}/git/${repository}.git`));
    copies.set(repository, copy);
    return copy;
  }

  return {
    machine,
    client,
    folder,
    lines,
    until,
    workingCopy,

    /** Pushes an index with an entry for each job, and waits until it is applied. */
    async track(...entries: string[]): Promise<void> {
      const copy = await workingCopy(machine.indexRepository);
      await copy.write({ 'index.d/demo.yml': `Projects:\n${entries.join('\n')}\n` });
      await copy.push('Change the index');
      const names = entries.map((text) => {
        const value = (key: string) => new RegExp(`${key}: (.*)`).exec(text)?.[1];
        return `${value('app-id')}/${value('job-id')}:${value('desired-tag')}`;
      });
      await until(`the index with ${names.join(', ')}`, async () => {
        const known = await client.projects();
        return names.every((name) => known.includes(name)) || undefined;
      });
    },

    entry: (job: string, over: Record<string, string> = {}) => entry(machine.url, job, over),

    /** Pushes files to `demo/<job>`; `rootfs.tar` with the example's packages is always among them. */
    async pushSource(job: string, files: Files, message = 'Change'): Promise<string> {
      const copy = await workingCopy(`demo/${job}`);
      await copy.add('rootfs.tar', archive);
      await copy.write(files);
      return copy.push(message);
    },

    builds: (job: string): Promise<ShownBuild[]> => client.builds(`demo/${job}:latest`),

    /** The build of a commit, when it has ended. */
    async ended(job: string, commit: string): Promise<ShownBuild> {
      return until(`the end of the build of ${job} at ${commit}`, async () => {
        const build = (await client.builds(`demo/${job}:latest`)).find((each) => each.commit === commit);
        return build && !running.has(build.status) ? build : undefined;
      });
    },

    /** The mails to the owner of `demo/<job>`, when there are as many as said. */
    async mails(job: string, count: number): Promise<Message[]> {
      return until(`${count} mails to ${job}@example.org`, async () => {
        const mails = (await client.messages()).filter(({ to }) => to.includes(`${job}@example.org`));
        return mails.length >= count ? mails : undefined;
      });
    },

    log: async (build: ShownBuild) => (await client.log(build.id, 0)).text,

    async keep(name: string, text: string): Promise<string> {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    },

    async stop(): Promise<void> {
      await machine.stop();
      for (const copy of copies.values()) await copy.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Trivy takes two seconds of each build only to start: tests that are about something else do without. */
async function noBills(folder: string): Promise<string> {
  const programs = join(folder, 'programs');
  await mkdir(programs);
  await writeFile(join(programs, 'trivy'), '#!/bin/sh\necho "this test makes no bills" >&2\nexit 1\n', { mode: 0o755 });
  return programs;
}

export type Rig = Awaited<ReturnType<typeof startRig>>;
