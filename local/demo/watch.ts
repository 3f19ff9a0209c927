import { setTimeout as delay } from 'node:timers/promises';
import { seconds, type Task } from '../progress.ts';
import type { ShownBuild, ShownStage, SlipwayClient } from './slipway-client.ts';

/** Something that the demo promises did not happen. */
export class PromiseBrokenError extends Error {
  override readonly name = 'PromiseBrokenError';
}

interface WaitOptions {
  /** Infinity: the signal alone ends it. */
  seconds: number;
  signal: AbortSignal;
  every?: number;
}

/**
 * Asks again until there is an answer.
 * @throws PromiseBrokenError when the time is up
 */
export async function waitFor<Value>(
  what: string,
  question: () => Promise<Value | undefined>,
  { seconds, signal, every = 300 }: WaitOptions,
): Promise<Value> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await question();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new PromiseBrokenError(`${what} did not happen within ${seconds} s.`);
    await delay(every, undefined, { signal });
  }
}

/** A page that somebody serves; undefined if nobody does yet. */
export async function pageAt(url: string): Promise<string | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  return response?.ok ? await response.text() : undefined;
}

const running = new Set(['queued', 'building', 'scanning', 'releasing']);

export interface WatchOptions {
  client: SlipwayClient;
  project: string;
  commit: string;
  task: Task;
  signal: AbortSignal;
}

/** Follows the build of a commit to its end, and shows each stage and what the build writes. A build that goes on may take its time. */
export async function watchBuild({ client, project, commit, task, signal }: WatchOptions): Promise<ShownBuild> {
  task.update('pushed, waiting for the pipeline to take it up');
  let read = 0;
  return await waitFor(
    `The end of the build of ${project}`,
    async () => {
      const build = (await client.builds(project)).find((candidate) => candidate.commit === commit);
      if (!build) return undefined;
      task.update(describeStages(build));
      if (build.status === 'building') {
        const log = await client.log(build.id, read);
        read = log.next;
        const line = log.text.split('\n').findLast((text) => text.trim() !== '');
        if (line) task.detail(line);
      }
      const telling = build.stages.some(({ name, endedAt }) => name === 'tell' && !endedAt);
      return running.has(build.status) || telling ? undefined : build;
    },
    { seconds: Number.POSITIVE_INFINITY, signal, every: 400 },
  );
}

const doing: Record<string, string> = {
  build: 'building',
  scan: 'scanning',
  judge: 'judging',
  release: 'releasing',
  tell: 'sending the mail',
};

/** `build 3.1 s, scan 0.4 s, judging` */
export function describeStages({ status, stages }: Pick<ShownBuild, 'status' | 'stages'>): string {
  if (stages.length === 0) return status;
  const words = stages.map((stage) =>
    stage.endedAt ? `${stage.name} ${tookOf(stage)}` : (doing[stage.name] ?? stage.name),
  );
  return words.join(', ');
}

function tookOf({ startedAt, endedAt }: ShownStage): string {
  return endedAt ? seconds(Math.max(0, Date.parse(endedAt) - Date.parse(startedAt))) : '';
}
