import { styleText } from 'node:util';

/** Where a command writes, and what can be shown there. */
export interface Terminal {
  /** The answer. */
  out: (text: string) => void;
  /** What is wrong, and what goes on meanwhile. */
  err: (text: string) => void;
  /** In how many columns the answer is to fit; Infinity where it goes to a file or a program. */
  width: number;
  /** The answer may have colours. */
  colours: boolean;
}

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'blue';

/** The terminal of a process. */
export function openTerminal({ stdout, stderr, env }: NodeJS.Process): Terminal {
  const columns = Number(env.COLUMNS) || stdout.columns;
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    width: columns > 0 ? columns : Number.POSITIVE_INFINITY,
    // https://no-color.org
    colours: stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb',
  };
}

export function paint({ colours }: Pick<Terminal, 'colours'>, style: Style | undefined, text: string): string {
  return colours && style ? styleText(style, text, { validateStream: false }) : text;
}
