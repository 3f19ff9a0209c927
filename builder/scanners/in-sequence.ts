import { randomUUID } from 'node:crypto';
import { type ToolAnswer, ToolFailedError } from '../../core/scanners/tool-answer.ts';
import { shownText } from '../../core/text/safe-line.ts';
import { type EngineCall, rootCapabilities } from '../engines/engine.ts';
import type { Finished } from '../process.ts';
import type { ScanSubject } from './scanner.ts';

const longestReason = 300;

/** As the image says but for whom, and in plain English without questions. Nobody's list of updates is longer than the limit. */
const container = {
  workingFolder: '/',
  environment: { LC_ALL: 'C', LANGUAGE: 'C', DEBIAN_FRONTEND: 'noninteractive', HOME: '/root', TERM: 'dumb' },
  hasNetwork: true,
  user: 'root',
  capabilities: rootCapabilities,
  outputLimit: 16 * 2 ** 20,
} as const;
/** Package managers find their helpers so, whatever path the image has. */
const usualPath = 'export PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"';

export interface Step {
  command: readonly [program: string, ...args: string[]];
  /** What it ends with where all is well; with anything else the steps after it are not taken. 0 alone where nothing is said. */
  codes?: readonly number[];
  /** What it says on stderr belongs to its answer. */
  withErrors?: boolean;
}

interface Told {
  answers: ToolAnswer[];
  /** What all steps said on stderr that is in no answer. */
  errors: string;
}

/**
 * Runs commands one after another in one container of the image, as root and with the network, with what each leaves for the next.
 * That needs the image's shell; the commands are written in this program.
 * @throws ToolFailedError, OutputLimitError, EngineCallFailedError, or the signal's reason
 */
export async function askInSequence(
  { engine, image, shell }: Pick<ScanSubject, 'engine' | 'image'> & { shell: string },
  steps: readonly Step[],
  call: Omit<EngineCall, 'log'>,
): Promise<Told> {
  const mark = randomUUID();
  const finished = await engine.run({ ...container, image, command: [shell, '-c', script(steps), 'sh', mark] }, call);
  const answers = answersOf(finished.stdout, mark);
  for (const [at, { command, codes = [0] }] of steps.entries()) {
    const answer = answers[at];
    if (answer && codes.includes(answer.code)) continue;
    throw new ToolFailedError(failure(command, answer, finished));
  }
  return { answers, errors: finished.stderr };
}

/** Runs one command of the image by itself, which needs no shell. */
export async function askAlone(
  { engine, image }: Pick<ScanSubject, 'engine' | 'image'>,
  { command, codes = [0] }: Step,
  call: Omit<EngineCall, 'log'>,
): Promise<ToolAnswer & { errors: string }> {
  const finished = await engine.run({ ...container, image, command }, call);
  const answer = { code: finished.code, text: finished.stdout };
  if (!codes.includes(answer.code)) throw new ToolFailedError(failure(command, answer, finished));
  return { ...answer, errors: finished.stderr };
}

/** After each command stands a line with the mark, which no tool knows before, and its code. */
function script(steps: readonly Step[]): string {
  const taken = steps.map(({ command, codes = [0], withErrors }) =>
    [
      `${command.map(quoted).join(' ')} </dev/null${withErrors ? ' 2>&1' : ''}`,
      'code=$?',
      `printf '\\n%s %s\\n' "$1" "$code"`,
      `case $code in ${codes.join('|')}) ;; *) exit 0 ;; esac`,
    ].join('\n'),
  );
  return [usualPath, ...taken].join('\n');
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function answersOf(text: string, mark: string): ToolAnswer[] {
  const parts = text.split(new RegExp(`\\n${mark} (\\d{1,3})\\n`));
  return parts.flatMap((part, at) => (at % 2 === 1 ? [{ code: Number(part), text: parts[at - 1] ?? '' }] : []));
}

function failure(command: Step['command'], answer: ToolAnswer | undefined, { code, stderr }: Finished): string {
  const lines = `${answer?.text ?? ''}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  const error = lines.findIndex((line) => /^\s*(?:E:|ERROR|Error)/.test(line));
  const words = (error < 0 ? lines.slice(-1) : lines.slice(error, error + 2)).map((line) => line.trim()).join(' ');
  const program = command[0].slice(command[0].lastIndexOf('/') + 1);
  return `${program} ended with ${answer?.code ?? code}: ${shownText(words || 'it gave no reason', longestReason)}`;
}
