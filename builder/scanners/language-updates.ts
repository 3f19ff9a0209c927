import type { LanguageUpdate } from '../../core/scanners/language-updates.ts';
import {
  gemFailure,
  parseGemOutdated,
  parseNpmOutdated,
  parsePipOutdated,
  pipFailure,
} from '../../core/scanners/language-updates-tools.ts';
import { type ToolAnswer, ToolFailedError } from '../../core/scanners/tool-answer.ts';
import { shownText } from '../../core/shown-text.ts';
import { askAlone } from './in-turn.ts';
import type { Scanner } from './scanner.ts';

interface Tool {
  /** The first that is there is asked. */
  programs: readonly string[];
  args: readonly string[];
  codes?: readonly number[];
  read(answer: ToolAnswer): LanguageUpdate[];
  /** Why it could not look, where it says so on stderr alone. */
  failure?: (errors: string) => string | undefined;
}

const tools: readonly Tool[] = [
  {
    programs: ['pip3', 'pip'],
    args: ['list', '--outdated', '--format=json', '--disable-pip-version-check', '--retries=2', '--timeout=10'],
    read: parsePipOutdated,
    failure: pipFailure,
  },
  {
    programs: ['npm'],
    args: ['-g', 'outdated', '--json', '--no-update-notifier', '--fetch-retries=1', '--fetch-timeout=20000'],
    // 1 where something is outdated; where it fails, with 1 or more, it says so in its JSON.
    codes: [0, 1, 243, 254],
    read: parseNpmOutdated,
  },
  { programs: ['gem'], args: ['outdated'], read: parseGemOutdated, failure: gemFailure },
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
    asked.map(async ({ tool: { args, codes, read, failure }, program }) => {
      const command = [programs.get(program) ?? program, ...args] as const;
      const { errors, ...answer } = await askAlone(subject, { command: [...command], ...(codes && { codes }) }, call);
      const problem = failure?.(errors);
      if (problem) throw new ToolFailedError(`${program} could not look for all updates: ${problem}`);
      return read(answer);
    }),
  );
  call.signal.throwIfAborted();
  const findings = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason.message)] : []));
  const tool = asked.map(({ program }) => program).join(', ');
  return reasons.length === 0
    ? { state: 'complete', tool, findings }
    : { state: 'failed', reason: shownText(reasons.join(' '), 500), tool, findings };
};
