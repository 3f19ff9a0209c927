import { linesOf, type ToolAnswer, UnknownAnswerError } from '../tool-answer.ts';
import type { PackageUpdate } from './package-updates.ts';

const update =
  /^([a-z0-9][a-z0-9+.-]{0,190})\/([\x21-\x7e]{1,200}) ([\w.+:~-]{1,200}) [a-z0-9-]{1,40} \[upgradable from: ([\w.+:~-]{1,200})\]$/;

/**
 * The answer to `apt list --upgradable`, which names the suites that offer each update. The security suites of Debian and Ubuntu end in
 * `-security`; of updates in other suites it is not known what they are for.
 * @throws UnknownAnswerError
 */
export function parseAptList({ text }: ToolAnswer): PackageUpdate[] {
  return linesOf(text)
    .filter((line) => !/^Listing\.{3}(?: Done)?$/.test(line))
    .map((line) => {
      const [, name = '', suites = '', available = '', installed = ''] = update.exec(line) ?? [];
      if (name === '') throw new UnknownAnswerError('apt', line);
      const isSecurity = suites.split(',').some((suite) => suite.endsWith('-security'));
      return {
        name,
        installed,
        available,
        // apt prints `unknown` for a repository without a name.
        repository: suites === 'unknown' ? undefined : suites,
        security: isSecurity || undefined,
      };
    });
}

/**
 * Why `apt-get update` did not fetch all lists, from its stderr: it exits with 0 if a repository does not answer, and older versions do not
 * have `APT::Update::Error-Mode`.
 */
export function aptUpdateFailure(errors: string): string | undefined {
  return linesOf(errors).find((line) =>
    /^(?:E: |Err:|W: (?:Failed to fetch|Some index files failed|GPG error|The repository|An error occurred))/.test(
      line,
    ),
  );
}
