import type { Command, CommandUnknownOpts } from '@commander-js/extra-typings';
import type * as z from 'zod';
import type { Connection } from './deployment/connection.ts';
import type { Deployment } from './deployment/deployment.ts';
import type { ExitCode } from './errors.ts';
import type { Terminal } from './terminal.ts';

/** A file of this folder that is a command: its arguments, its options, its help, and what it does. */
export interface CommandFile {
  define(command: Command, context: Context): void;
}

/** What a command answers. */
export interface Answer<Value> {
  /** For programs, which get it with `--json`. */
  value: Value;
  /** For people, with a newline at its end. It shows no control character that came from outside. */
  text: string;
  exitCode?: ExitCode | undefined;
}

/** What every command is called with. */
export interface Context {
  terminal: Terminal;
  /** Programs read the answer. */
  isJson(): boolean;
  /** Where AWS is, or its substitute on one machine. */
  connection(): Promise<Connection>;
  /** @throws DeploymentError */
  deployment(): Promise<Deployment>;
  /** All commands, each with its definition. */
  program(): Promise<CommandUnknownOpts>;
  /** Prints the answer; of its value only what the schema describes. */
  answer<Schema extends z.ZodType>(schema: Schema, answer: Answer<z.input<Schema>>): void;
}
