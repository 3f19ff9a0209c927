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
import { runAlone, runInSequence, type Step } from './in-sequence.ts';
import type { Scanner, ScanSubject } from './scanner.ts';

interface Tool {
  /** The first that the image has is used. */
  programs: readonly string[];
  query: readonly string[];
  codes?: readonly number[];
  /** What must end well before, in the same container. */
  before?: readonly string[];
  read(answer: ToolAnswer): LanguageUpdate[];
  /** Why the check failed, for a tool that reports it on stderr alone. */
  failure?: (errors: string) => string | undefined;
}

const tools: readonly Tool[] = [
  {
    programs: ['pip3', 'pip'],
    query: ['list', '--outdated', '--format=json', '--disable-pip-version-check', '--retries=2', '--timeout=10'],
    read: parsePipOutdated,
    failure: pipFailure,
  },
  {
    programs: ['npm'],
    query: ['-g', 'outdated', '--json', '--no-update-notifier', '--fetch-retries=1', '--fetch-timeout=20000'],
    // 1 where something is outdated; where it fails (with 1 or more), its JSON says so.
    codes: [0, 1, 243, 254],
    read: parseNpmOutdated,
  },
  {
    programs: ['gem'],
    // `outdated` says nothing and ends with 0 where it has not reached its source; this ends with 1.
    before: ['sources', '--update'],
    query: ['outdated'],
    read: parseGemOutdated,
  },
];

/** Queries the package managers of programming languages in the image for newer versions of its packages. */
export const languageUpdates: Scanner<'language-updates'> = async (subject, call) => {
  const { programs } = subject;
  if (programs === undefined) return { state: 'failed', reason: 'The image’s files cannot be read.', findings: [] };
  const found = tools.flatMap((tool) => {
    const program = tool.programs.find((name) => programs.has(name));
    return program === undefined ? [] : [{ tool, program }];
  });
  if (found.length === 0) {
    return { state: 'not-applicable', reason: 'The image has neither pip nor npm nor gem.', findings: [] };
  }
  const results = await Promise.allSettled(
    found.map(({ tool, program }) => check(tool, programs.get(program) ?? program, { ...subject, programs }, call)),
  );
  call.signal.throwIfAborted();
  const findings = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const reasons = results.flatMap((result, at) =>
    result.status === 'rejected' ? [`${found[at]?.program}: ${String(result.reason?.message)}`] : [],
  );
  const tool = found.map(({ program }) => program).join(', ');
  return reasons.length === 0
    ? { state: 'complete', tool, findings }
    : { state: 'failed', reason: shownText(reasons.join(' '), 500), tool, findings };
};

async function check(
  { query, before, codes = [0], read, failure }: Tool,
  program: string,
  subject: ScanSubject & { programs: ReadonlyMap<string, string> },
  call: Omit<EngineCall, 'log'>,
): Promise<LanguageUpdate[]> {
  const step: Step = { command: [program, ...query], codes };
  if (before === undefined) {
    const { errors, ...answer } = await runAlone(subject, step, call);
    const reason = failure?.(errors);
    if (reason) throw new ToolFailedError(`It could not check for all updates: ${reason}`);
    return read(answer);
  }
  const shell = subject.programs.get('sh');
  if (shell === undefined) throw new ToolFailedError('The image has no shell in which it could run.');
  const { answers } = await runInSequence({ ...subject, shell }, [{ command: [program, ...before] }, step], call);
  return answers[1] ? read(answers[1]) : [];
}
