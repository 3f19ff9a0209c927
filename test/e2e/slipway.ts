import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { AwsClient } from 'aws4fetch';
import { expect, inject } from 'vitest';
import { z } from 'zod';
import { sourceOf } from '../../core/sources/source.ts';
import { repositoryScope, webhookSecret } from '../../core/triggers/webhook.ts';
import type { StatementUse } from '../../local/aws/iam/authority.ts';
import type { Keys } from '../../local/aws/service.ts';
import { createSlipwayClient, isQuestion, type Message, type ShownBuild } from '../../local/demo/slipway-client.ts';
import { waitLimit } from '../limits.ts';
import type { Outcomes } from '../stand-in/outcomes.ts';
import {
  endMachine,
  forkMachine,
  type MachineAnswer,
  type MachineFacts,
  type ProcessOptions,
  withRoom,
} from './machine.ts';
import { createWorkingCopy, entry, type Files, type WorkingCopy } from './sources.ts';

const running = new Set(['queued', 'building', 'scanning', 'releasing']);
const trackedSchema = z.object({ items: z.array(z.object({ name: z.string(), active: z.boolean() })) });

/** A machine, and how to know more of it than people know. */
interface Behind {
  facts: MachineFacts;
  statements(): Promise<StatementUse[]>;
  lines(): Promise<string[]>;
  /** The keys of a role, as a service has them that acts under it. */
  keysOf(role: string): Promise<Keys>;
  /** Where the machine that files share looks for the outcomes of builds. */
  outcomes?: string | undefined;
  stop(): Promise<void>;
}

/** The machine that a worker's files have in common, or one of the file's own if it says what is special about it. */
async function machineFor(folder: string, options: Partial<ProcessOptions> | undefined): Promise<Behind> {
  const { machines, assembly } = inject('shared');
  // Vitest counts its workers from 1.
  const shared = machines[Number(process.env.VITEST_POOL_ID) - 1];
  if (options === undefined) return { ...(await machineAt(shared?.url ?? '')), outcomes: shared?.outcomes };
  const own = await forkMachine(join(folder, 'machine'), { assembly, ...options }, withRoom);
  return { ...(await machineAt(own.url)), stop: () => endMachine(own) };
}

/** The machine of a process, which goes on when the file has ended. */
export async function machineAt(address: string): Promise<Behind> {
  const ask = async (path = '/') => {
    const answer = await fetch(`${address}${path}`);
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  };
  const state = async () => (await ask()) as MachineAnswer;
  return {
    facts: (await state()).facts,
    statements: async () => (await state()).statements,
    lines: async () => (await state()).lines,
    keysOf: async (role) => (await ask(`/keys/${encodeURIComponent(role)}`)) as Keys,
    stop: async () => undefined,
  };
}

/**
 * A Slipway for the tests of one file, and people who push to it. Its index begins anew with each file; on the machine that files share,
 * the names of jobs are each file's own.
 */
export async function startSlipway(options?: Partial<ProcessOptions> | ((folder: string) => Promise<Behind>)) {
  const folder = await mkdtemp(join(tmpdir(), 'slipway end-to-end '));
  const behind = await (typeof options === 'function' ? options(folder) : machineFor(folder, options));
  const machine = behind.facts;
  const client = createSlipwayClient(machine.url, new AbortController().signal);
  const copies = new Map<string, WorkingCopy>();

  async function until<Value>(what: string, question: () => Promise<Value | undefined>): Promise<Value> {
    const deadline = Date.now() + waitLimit;
    // Each question is work for the machine that is waited for: the longer it takes, the less often it is asked.
    for (let pause = 50; ; pause = Math.min(pause * 1.5, 400)) {
      const answer = await question();
      if (answer !== undefined) return answer;
      if (Date.now() > deadline)
        throw new Error(`${what} did not happen. The machine said:\n${(await behind.lines()).join('\n')}`);
      await delay(pause);
    }
  }

  async function workingCopy(repository: string): Promise<WorkingCopy> {
    const copy = copies.get(repository) ?? (await createWorkingCopy(machine, repository));
    copies.set(repository, copy);
    return copy;
  }

  async function changeIndex(...entries: string[]): Promise<void> {
    const copy = await workingCopy(machine.indexRepository);
    await copy.write({ 'index.d/demo.yml': `Projects:\n${entries.join('\n')}\n` });
    await copy.push('Change the index');
  }

  /** The projects in the index that everybody sees. */
  async function tracked(): Promise<string[]> {
    const answer = await fetch(`${machine.url}/api/v1/projects?limit=100`);
    const { items } = trackedSchema.parse(await answer.json());
    return items.filter(({ active }) => active).map(({ name }) => name);
  }

  function outcomesFile(): string {
    if (behind.outcomes === undefined) throw new Error('A machine of its own builds as it was started to.');
    return behind.outcomes;
  }

  const answered = new Set<string>();

  /** Everybody who was asked presses the button. */
  async function agreeToMails(): Promise<void> {
    for (const mail of (await client.messages()).filter(isQuestion)) {
      if (!answered.has(mail.id)) await client.agree(mail.id);
      answered.add(mail.id);
    }
  }

  return {
    machine,
    client,
    folder,
    until,
    tracked,

    /** The statements of the machine's policies, with what they let through. */
    usedStatements: () => behind.statements(),
    keysOf: (role: string) => behind.keysOf(role),

    /** What signs the events of a repository. */
    webhookSecretOf(repository: string): string {
      const identity = (name: string) => sourceOf(`${machine.url}/git/${name}`);
      return webhookSecret(
        machine.webhookMaster,
        repositoryScope(identity(repository), identity(machine.indexRepository)),
      );
    },

    /** Runs a function by the name of its output, as an operator does; gives its answer. */
    async invoke(name: string, request: object = {}): Promise<unknown> {
      const owner = new AwsClient({ ...machine.credentials, service: 'lambda', region: machine.region });
      const address = `${machine.endpoint}/2015-03-31/functions/${machine.outputs[`${name}FunctionName`]}/invocations`;
      const answer = await owner.fetch(address, { method: 'POST', body: JSON.stringify(request) });
      const text = await answer.text();
      expect([answer.status, answer.headers.get('x-amz-function-error'), text]).toEqual([200, null, text]);
      return text === '' ? undefined : JSON.parse(text);
    },

    workingCopy,

    /** Pushes an index with an entry for each job. */
    changeIndex,

    /** The same, and waits until it is applied. */
    async track(...entries: string[]): Promise<void> {
      await changeIndex(...entries);
      const names = entries.map((text) => {
        const value = (key: string) => new RegExp(`${key}: (.*)`).exec(text)?.[1];
        return `${value('app-id')}/${value('job-id')}:${value('desired-tag')}`;
      });
      await until(`the index of ${names.join(', ')}`, async () => {
        const known = await tracked();
        return isDeepStrictEqual(known.toSorted(), names.toSorted()) || undefined;
      });
      await agreeToMails();
    },

    entry: (job: string, over: Record<string, string> = {}) => entry(machine.url, job, over),

    /** Pushes files to `demo/<job>`; `rootfs.tar` with the example's packages is always among them. */
    async pushSource(job: string, files: Files, message = 'Change'): Promise<string> {
      const copy = await workingCopy(`demo/${job}`);
      await copy.add('rootfs.tar', inject('shared').rootFileSystem);
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

    /** The mails to the owner of `demo/<job>` but the one that asks, when there are as many as said. */
    async mails(job: string, count: number): Promise<Message[]> {
      return until(`${count} mails to ${job}@example.org`, async () => {
        const mails = (await client.messages()).filter(
          (mail) => mail.to.includes(`${job}@example.org`) && !isQuestion(mail),
        );
        return mails.length >= count ? mails : undefined;
      });
    },

    log: async (build: ShownBuild) => (await client.log(build.id, 0)).text,

    /** From now on no engine builds (`test/stand-in/`): for what is about everything else. It ends with the file. */
    standIn: (outcomes: Outcomes = {}) => writeFile(outcomesFile(), JSON.stringify(outcomes)),

    /** Builds are built again. */
    buildReally: () => rm(outcomesFile(), { force: true }),

    async stop(): Promise<void> {
      if (behind.outcomes) await rm(behind.outcomes, { force: true });
      await behind.stop();
      for (const copy of copies.values()) await copy.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Slipway = Awaited<ReturnType<typeof startSlipway>>;
