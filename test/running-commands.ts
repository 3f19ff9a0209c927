import { readdir, readFile } from 'node:fs/promises';

/** The command lines of all processes, one a line, as `ps` would list them; a small machine has no `ps`. */
export async function runningCommands(): Promise<string> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(processes.map(commandOf))).join('\n');
}

/** Empty for a process that has ended since it was listed. */
export async function commandOf(id: number | string): Promise<string> {
  const line = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
  return line.replaceAll('\0', ' ').trim();
}
