import { expect, test } from 'vitest';
import type { Engine, EngineCall } from '../../../builder/engines/engine.ts';
import { run } from '../../../builder/process.ts';
import { runInSequence } from '../../../builder/scanners/in-sequence.ts';

/** Runs two commands with an engine that loses the output of so many containers. */
async function runWith(losses: number) {
  let containers = 0;
  const engine: Pick<Engine, 'run'> = {
    run: async ({ command: [program, ...args] }, { env, signal }) => {
      const finished = await run(program, args, { env, signal });
      return ++containers > losses ? finished : { ...finished, stdout: '' };
    },
  };
  const call = { env: { PATH: process.env.PATH ?? '' }, signal: new AbortController().signal } as unknown as EngineCall;
  const steps = [{ command: ['echo', 'one'] }, { command: ['sh', '-c', 'echo two; exit 7'], codes: [7] }] as const;
  const { answers } = await runInSequence({ engine: engine as Engine, image: 'image', shell: 'sh' }, steps, call);
  return answers.map(({ code, text }) => ({ code, text: text.trim() }));
}

test('a container whose output was lost is run again, and never taken for one that found nothing', async () => {
  const answers = [
    { code: 0, text: 'one' },
    { code: 7, text: 'two' },
  ];
  expect(await runWith(0)).toEqual(answers);
  expect(await runWith(2)).toEqual(answers);
  await expect(runWith(3)).rejects.toThrow('echo was run, but the engine lost what it printed, 3 times: build again.');
});
