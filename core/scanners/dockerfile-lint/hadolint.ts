import { z } from 'zod';
import { shownText } from '../../text/safe-line.ts';
import type { Lint } from './dockerfile-lint.ts';
import type { WrittenInstruction } from './written-instruction.ts';

/** A Dockerfile as hadolint can read it, and where its lines are in the file itself. Lines count from 1. */
interface PreparedDockerfile {
  text: string;
  originalLine(line: number): number;
}

/** hadolint, or who answers by its name, does not say what it says. */
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

/** What hadolint calls otherwise than BuildKit: the same finding has one name, whoever finds it. */
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
 * Writes here-documents as hadolint 2.15 reads them: it wants an empty line after each, and does not know all that COPY and ADD may have.
 * Those hold nothing that it looks at, and are left out.
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
 * What hadolint says with `--format=json`.
 * @throws HadolintAnswerError where it cannot read the file, or says something else
 */
export function readHadolint(output: string, { originalLine }: PreparedDockerfile): Lint[] {
  const answer = answerSchema.safeParse(jsonOrNothing(output));
  if (!answer.success) throw new HadolintAnswerError('What hadolint says is not what it says otherwise.');
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

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
