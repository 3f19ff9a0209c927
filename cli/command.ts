/** Where a command writes, and whether people read it. */
export interface Terminal {
  out: (text: string) => void;
  err: (text: string) => void;
  /** `out` goes to a terminal that shows colours. */
  colours: boolean;
}

/** What ends a command: 0 fine, 1 the answer is no, 2 wrong usage or something that could not be read. */
export type ExitCode = 0 | 1 | 2;

/** A file of this folder that does one command. */
export interface Command {
  run: (args: string[], terminal: Terminal) => Promise<ExitCode>;
}

/** The command was called in a way that it does not know: the message says what is wrong, the caller adds where help is. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
