import { shownText } from '../text/safe-line.ts';

const longestExample = 120;

/** What a tool printed is of no form that it has: whatever that means, it is no list of findings, and no empty one either. */
export class UnknownAnswerError extends Error {
  override readonly name = 'UnknownAnswerError';

  constructor(tool: string, line: string) {
    super(`What ${tool} printed is none of its forms: ${shownText(line.trim(), longestExample) || 'an empty line'}`);
  }
}

/** A tool in the image could not do what it was asked for. */
export class ToolFailedError extends Error {
  override readonly name = 'ToolFailedError';
}

/** What a command printed, and how it ended. */
export interface ToolAnswer {
  code: number;
  text: string;
}

/** Its lines without what is blank at their ends, and without empty ones. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}
