import type { LanguageUpdate } from '../../core/scanners/language-updates/language-updates.ts';
import {
  parseGemOutdated,
  parseNpmOutdated,
  parsePipOutdated,
  pipFailure,
} from '../../core/scanners/language-updates/tools.ts';
import { type ToolAnswer, ToolFailedError } from '../../core/scanners/tool-answer.ts';
import { shownText } from '../../core/text/safe-line.ts';
import type { EngineCall } from '../engines/engine.ts';
import { askAlone, askInSequence, type Step } from './in-sequence.ts';
import type { Scanner, ScanSubject } from './scanner.ts';

interface Tool {
  /** The first that is there is asked. */
  programs: readonly string[];
  ask: readonly string[];
  codes?: readonly number[];
  /** What must end well before, in the same container. */
  before?: readonly string[];
  read(answer: ToolAnswer): LanguageUpdate[];
  /** Why it could not look, where it says so on stderr alone. */
  failure?: (errors: string) => string | undefined;
}

const tools: readonly Tool[] = [
  {
    programs: ['pip3', 'pip'],
    ask: ['list', '--outdated', '--format=json', '--disable-pip-version-check', '--retries=2', '--timeout=10'],
    read: parsePipOutdated,
    failure: pipFailure,
  },
  {
    programs: ['npm'],
    ask: ['-g', 'outdated', '--json', '--no-update-notifier', '--fetch-retries=1', '--fetch-timeout=20000'],
    // 1 where something is outdated; where it fails, with that or more, it says so in its JSON.
    codes: [0, 1, 243, 254],
    read: parseNpmOutdated,
  },
  {
    programs: ['gem'],
    // `outdated` says nothing and ends with 0 where it has not reached its source; this ends with 1.
    before: ['sources', '--update'],
    ask: ['outdated'],
    read: parseGemOutdated,
  },
];

/** Asks the package managers of programming languages that are in the image which of its packages have newer versions. */
export const languageUpdates: Scanner<'language-updates'> = async (subject, call) => {
  const { programs } = subject;
  if (programs === undefined) return { state: 'failed', reason: 'The image’s files cannot be read.', findings: [] };
  const asked = tools.flatMap((tool) => {
    const program = tool.programs.find((name) => programs.has(name));
    return program === undefined ? [] : [{ tool, program }];
  });
  if (asked.length === 0) {
    return { state: 'not-applicable', reason: 'The image has neither pip nor npm nor gem.', findings: [] };
  }
  const results = await Promise.allSettled(
    asked.map(({ tool, program }) => look(tool, programs.get(program) ?? program, { ...subject, programs }, call)),
  );
  call.signal.throwIfAborted();
  const findings = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const reasons = results.flatMap((result, at) =>
    result.status === 'rejected' ? [`${asked[at]?.program}: ${String(result.reason?.message)}`] : [],
  );
  const tool = asked.map(({ program }) => program).join(', ');
  return reasons.length === 0
    ? { state: 'complete', tool, findings }
    : { state: 'failed', reason: shownText(reasons.join(' '), 500), tool, findings };
};

async function look(
  { ask, before, codes = [0], read, failure }: Tool,
  program: string,
  subject: ScanSubject & { programs: ReadonlyMap<string, string> },
  call: Omit<EngineCall, 'log'>,
): Promise<LanguageUpdate[]> {
  const step: Step = { command: [program, ...ask], codes };
  if (before === undefined) {
    const { errors, ...answer } = await askAlone(subject, step, call);
    const problem = failure?.(errors);
    if (problem) throw new ToolFailedError(`It could not look for all updates: ${problem}`);
    return read(answer);
  }
  const shell = subject.programs.get('sh');
  if (shell === undefined) throw new ToolFailedError('The image has no shell in which it could be asked.');
  const { answers } = await askInSequence({ ...subject, shell }, [{ command: [program, ...before] }, step], call);
  return answers[1] ? read(answers[1]) : [];
}
