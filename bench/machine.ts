import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Machine, startMachine } from '../local/machine.ts';

/** A machine in a fresh folder for as long as the work takes. */
export async function withMachine<Result>(
  work: (machine: Machine, folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  const machine = await startMachine({
    dataFolder: join(folder, 'data'),
    port: 0,
    scanner: 'records',
    trustsBuilds: true,
    output: () => undefined,
  });
  try {
    return await work(machine, folder);
  } finally {
    await machine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
