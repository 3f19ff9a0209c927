import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;
beforeAll(async () => {
  slipway = await startSlipway();
});
afterAll(() => slipway.stop());

const builtSchema = z.object({
  status: z.string(),
  cause: z.unknown(),
  createdAt: z.string(),
  endedAt: z.string().nullable(),
});

/** The builds of a job as the public API has them, newest first. */
async function buildsOf(job: string): Promise<z.infer<typeof builtSchema>[]> {
  const answer = await fetch(`${slipway.machine.url}/api/v1/builds?project=demo/${job}:latest`);
  return z.object({ items: z.array(builtSchema) }).parse(await answer.json()).items;
}

const dependingOn = (...parents: string[]) =>
  [
    `FROM demo/${parents[0]}:latest`,
    ...parents.slice(1).map((parent) => `COPY --from=demo/${parent}:latest /etc/${parent} /etc/${parent}`),
  ].join('\n');

/** A source whose image has a file of its own, which changes with each build. */
const source = (job: string, from: string) => ({
  Dockerfile: `${from}\nCOPY word /etc/${job}\nRUN ["/bin/busybox", "sh", "-c", "cat /etc/base /proc/sys/kernel/random/uuid > /etc/of-${job}"]\n`,
  word: `${job}\n`,
});

it('a push to an image rebuilds what depends on it, each once, and after its own parents', async () => {
  const parents: Record<string, string[]> = { base: [], left: ['base'], right: ['base'], top: ['left', 'right'] };
  for (const [job, own] of Object.entries(parents)) {
    await slipway.pushSource(job, source(job, own.length > 0 ? dependingOn(...own) : smallDebian));
  }
  // The index alone builds all of them, parents first.
  await slipway.track(
    ...Object.entries(parents).map(([job, own]) =>
      slipway.entry(
        job,
        own.length > 0 ? { 'depends-on': `[${own.map((parent) => `demo/${parent}:latest`).join(', ')}]` } : {},
      ),
    ),
  );
  const endsOf = (job: string, count: number) =>
    slipway.until(`${count} builds of ${job}`, async () => {
      const builds = await buildsOf(job);
      return builds.length >= count && builds.every(({ endedAt }) => endedAt) ? builds : undefined;
    });
  for (const job of Object.keys(parents)) {
    expect((await endsOf(job, 1)).map(({ status }) => status)).toEqual(['released']);
  }

  const commit = await slipway.pushSource('base', { ...source('base', smallDebian), word: 'base, anew\n' });
  expect((await slipway.ended('base', commit)).status).toBe('released');
  const ends = new Map<string, Awaited<ReturnType<typeof endsOf>>>();
  for (const job of ['left', 'right', 'top']) ends.set(job, await endsOf(job, 2));
  for (const job of ['left', 'right', 'top']) {
    const builds = await buildsOf(job);
    expect(builds.map(({ status }) => status)).toEqual(['released', 'released']);
    expect(builds[0]?.cause).toEqual({
      type: 'parent-released',
      parents: (parents[job] ?? []).map((parent) => `demo/${parent}:latest`),
    });
  }
  const begun = (job: string) => ends.get(job)?.[0]?.createdAt ?? '';
  const ended = (job: string) => ends.get(job)?.[0]?.endedAt ?? '';
  expect(begun('top') > ended('left') && begun('top') > ended('right')).toBe(true);
});
