import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Where a command writes, and whether people read it. */
export interface Terminal {
  out: (text: string) => void;
  err: (text: string) => void;
  /** `out` goes to a terminal that shows colours. */
  colours: boolean;
}

/** The result of a command: 0 success, 1 a negative answer, 2 wrong usage or something that could not be read. */
export type ExitCode = 0 | 1 | 2;

/** A file of this folder that implements one command. */
export interface Command {
  run: (args: string[], terminal: Terminal) => Promise<ExitCode>;
}

/** Wrong usage of a command: the message says what is wrong, and the caller adds where to find help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Reads a command's arguments by its options, `--help` being one of every command.
 * @throws UsageError
 */
export function parseCommand<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: Options,
  { allowPositionals = true } = {},
) {
  try {
    const all = { ...options, help: { type: 'boolean', short: 'h', default: false } as const };
    return parseArgs({ args, allowPositionals, options: all });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
