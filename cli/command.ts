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
