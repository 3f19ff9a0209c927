import { randomUUID } from 'node:crypto';
import { type ToolAnswer, ToolFailedError } from '../../core/scanners/tool-answer.ts';
import { shownText } from '../../core/text/safe-line.ts';
import { type EngineCall, rootCapabilities } from '../engines/engine.ts';
import type { Finished } from '../process.ts';
import type { ScanSubject } from './scanner.ts';

const longestReason = 300;

/** The image's environment except for the user, in English and without prompts. No list of updates is longer than the limit. */
const container = {
  workingFolder: '/',
  environment: { LC_ALL: 'C', LANGUAGE: 'C', DEBIAN_FRONTEND: 'noninteractive', HOME: '/root', TERM: 'dumb' },
  hasNetwork: true,
  user: 'root',
  capabilities: rootCapabilities,
  outputLimit: 16 * 2 ** 20,
} as const;
/**
 * A container that ended well without the marks of its steps has printed something that was lost. Docker's daemon waits two seconds for the
 * output of a container that has ended, which a busy machine may not keep: `handleContainerExit` in
 * https://github.com/moby/moby/blob/007daf50452fd5c5b64fa9cd85dd4386a42d8dfb/daemon/monitor.go, and https://github.com/moby/moby/issues/49655
 */
const attempts = 3;
/** Package managers find their auxiliary programs by this path, whatever the image's own is. */
const usualPath = 'export PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"';

export interface Step {
  command: readonly [program: string, ...args: string[]];
  /** What it ends with where all is well; with anything else the steps after it are not taken. 0 alone where nothing is said. */
  codes?: readonly number[];
  /** What it says on stderr belongs to its answer. */
  withErrors?: boolean;
}

interface StepAnswers {
  answers: ToolAnswer[];
  /** The stderr of all steps, as far as it is in no answer. */
  errors: string;
}

/**
 * Runs commands one after another in one container of the image, as root and with the network, with what each leaves for the next.
 * That needs the image's shell; the commands are written in this program.
 * @throws ToolFailedError, OutputLimitError, EngineCallFailedError, or the signal's reason
 */
export async function runInSequence(
  { engine, image, shell }: Pick<ScanSubject, 'engine' | 'image'> & { shell: string },
  steps: readonly Step[],
  call: Omit<EngineCall, 'log'>,
): Promise<StepAnswers> {
  const mark = randomUUID();
  const command = [shell, '-c', script(steps), 'sh', mark] as const;
  for (let attempt = 1; ; attempt++) {
    const finished = await engine.run({ ...container, image, command }, call);
    const answers = answersOf(finished.stdout, mark);
    const at = steps.findIndex(({ codes = [0] }, step) => !codes.includes(answers[step]?.code ?? Number.NaN));
    const failed = steps[at];
    if (!failed) return { answers, errors: finished.stderr };
    const answer = answers[at];
    const isLost = answer === undefined && finished.code === 0;
    if (!isLost) throw new ToolFailedError(failure(failed.command, answer, finished));
    if (attempt === attempts)
      throw new ToolFailedError(
        `${nameOf(failed.command)} was run, but the engine lost what it printed, ${attempts} times: build again.`,
      );
  }
}

/** Runs one command of the image alone, which needs no shell. */
export async function runAlone(
  { engine, image }: Pick<ScanSubject, 'engine' | 'image'>,
  { command, codes = [0] }: Step,
  call: Omit<EngineCall, 'log'>,
): Promise<ToolAnswer & { errors: string }> {
  const finished = await engine.run({ ...container, image, command }, call);
  const answer = { code: finished.code, text: finished.stdout };
  if (!codes.includes(answer.code)) throw new ToolFailedError(failure(command, answer, finished));
  return { ...answer, errors: finished.stderr };
}

/** A line with the mark, which no tool can know in advance, and the exit code follows each command's output. */
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

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function answersOf(text: string, mark: string): ToolAnswer[] {
  const parts = text.split(new RegExp(`\\n${mark} (\\d{1,3})\\n`));
  return parts.flatMap((part, at) => (at % 2 === 1 ? [{ code: Number(part), text: parts[at - 1] ?? '' }] : []));
}

function failure(command: Step['command'], answer: ToolAnswer | undefined, { code, stderr }: Finished): string {
  const lines = `${answer?.text ?? ''}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  const error = lines.findIndex((line) => /^\s*(?:E:|ERROR|Error)/.test(line));
  const message = (error < 0 ? lines.slice(-1) : lines.slice(error, error + 2)).map((line) => line.trim()).join(' ');
  return `${nameOf(command)} ended with ${answer?.code ?? code}: ${shownText(message || 'it gave no reason', longestReason)}`;
}

const nameOf = ([program]: Step['command']) => program.slice(program.lastIndexOf('/') + 1);
