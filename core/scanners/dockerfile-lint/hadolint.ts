import * as z from 'zod';
import { parseJson } from '../../text/parse-json.ts';
import { shownText } from '../../text/safe-line.ts';
import type { Lint } from './dockerfile-lint.ts';
import type { WrittenInstruction } from './written-instruction.ts';

/** A Dockerfile that hadolint can read, and the lines of the original file. Lines count from 1. */
interface PreparedDockerfile {
  text: string;
  originalLine(line: number): number;
}

/** hadolint could not read the file, or the program of that name printed something else than hadolint does. */
export class HadolintAnswerError extends Error {
  override readonly name = 'HadolintAnswerError';
}

const answerSchema = z.array(
  z.object({
    code: z.string().regex(/^(?:DL|SC)\d{4}$/),
    level: z.enum(['error', 'warning', 'info', 'style']),
    line: z.int().positive(),
    message: z.string(),
  }),
);

/** BuildKit's names for rules of hadolint, so that the same finding has the same name whichever tool found it. */
const buildkitNames: Readonly<Record<string, string>> = {
  DL3000: 'WorkdirRelativePath',
  DL3012: 'MultipleInstructionsDisallowed',
  DL3024: 'DuplicateStageName',
  DL3025: 'JSONArgsRecommended',
  DL3029: 'FromPlatformFlagConstDisallowed',
  DL3063: 'ReservedStageName',
  DL3064: 'SecretsUsedInArgOrEnv',
  DL3065: 'RedundantTargetPlatform',
  DL4000: 'MaintainerDeprecated',
  DL4003: 'MultipleInstructionsDisallowed',
  DL4004: 'MultipleInstructionsDisallowed',
};

/** The file cannot be read: https://github.com/hadolint/hadolint/wiki/DL1000 */
const unreadable = 'DL1000';

/**
 * Changes here-documents so that hadolint 2.15 can read them. It needs an empty line after each, and cannot read all that COPY and ADD
 * allow: theirs are left out, because hadolint checks nothing in them.
 */
export function prepareForHadolint(text: string, instructions: readonly WrittenInstruction[]): PreparedDockerfile {
  const lines = text.split('\n');
  const longer = new Set<number>();
  for (const { keyword, line, lastLine, hasHeredoc } of instructions) {
    if (!hasHeredoc || line === lastLine) continue;
    if (keyword === 'RUN') longer.add(lastLine);
    else lines.fill('', line - 1, lastLine);
  }
  const originals = lines.flatMap((_, at) => (longer.has(at + 1) ? [at + 1, at + 1] : [at + 1]));
  return {
    text: lines.map((line, at) => (longer.has(at + 1) ? `${line}\n` : line)).join('\n'),
    originalLine: (line) => originals[line - 1] ?? Math.max(1, lines.length),
  };
}

/**
 * The lints that hadolint prints with `--format=json`.
 * @throws HadolintAnswerError where it cannot read the file, or prints something else
 */
export function readHadolint(output: string, { originalLine }: PreparedDockerfile): Lint[] {
  const answer = answerSchema.safeParse(parseJson(output));
  if (!answer.success) throw new HadolintAnswerError('hadolint printed something that is not its usual JSON.');
  return answer.data.map(({ code, level, line, message }) => {
    if (code === unreadable) {
      const why = shownText(message.split('\n')[0] ?? '', 200);
      throw new HadolintAnswerError(`hadolint cannot read line ${originalLine(line)} of the Dockerfile: ${why}.`);
    }
    return {
      rule: buildkitNames[code] ?? code,
      level: level === 'style' ? 'info' : level,
      line: originalLine(line),
      message: shownText(message, 500),
      url: code.startsWith('SC')
        ? `https://www.shellcheck.net/wiki/${code}`
        : `https://github.com/hadolint/hadolint/wiki/${code}`,
    };
  });
}
