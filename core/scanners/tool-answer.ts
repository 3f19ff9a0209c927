import { shownText } from '../text/safe-line.ts';

const longestExample = 120;

/** A tool printed something in an unknown format, so that it must not count as a list of findings, not even as an empty one. */
export class UnknownAnswerError extends Error {
  override readonly name = 'UnknownAnswerError';

  constructor(tool: string, line: string) {
    super(`What ${tool} printed is none of its forms: ${shownText(line.trim(), longestExample) || 'an empty line'}`);
  }
}

/** A tool in the image failed. */
export class ToolFailedError extends Error {
  override readonly name = 'ToolFailedError';
}

/** What a command printed, and its exit code. */
export interface ToolAnswer {
  code: number;
  text: string;
}

/** The lines without blanks at their ends, and without empty lines. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}
