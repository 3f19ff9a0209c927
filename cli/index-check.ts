import type { ExitCode, Terminal } from './command.ts';

export async function run(_args: string[], terminal: Terminal): Promise<ExitCode> {
  terminal.err('not yet\n');
  return 2;
}
