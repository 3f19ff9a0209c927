import { readFile } from 'node:fs/promises';

/** The most that a process has had in memory, this one if none is named: in MiB, as Linux counts it. */
export async function peakMemory(pid = 'self'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}
