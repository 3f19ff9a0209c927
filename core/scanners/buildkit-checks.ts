import { shownText } from '../shown-text.ts';
import type { Lint } from './dockerfile-lint.ts';
import type { WrittenInstruction } from './written-instruction.ts';

/** An instruction, and what of the file around it counts for the checks. */
interface Place {
  instruction: WrittenInstruction;
  lines: readonly string[];
  /** The names of the ARGs before the first FROM. */
  globals: ReadonlySet<string>;
  /** Whether most instructions are written in lower case. */
  isLowerCase: boolean;
}

/** What is wrong at a place: a message for each. */
type Check = (place: Place) => string[];

/** https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope */
const platformArgument = /^(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT|OSVERSION)$/;

/**
 * Those of BuildKit's checks that hadolint has not, under BuildKit's names (https://docs.docker.com/reference/build-checks/), and one of our
 * own. What BuildKit can only say with the base's configuration or the ignore file at hand is not among them.
 */
const checks: Readonly<Record<string, { check: Check; url: string }>> = {
  StageNameCasing: {
    url: 'https://docs.docker.com/reference/build-checks/stage-name-casing/',
    check: ({ instruction: { keyword, words } }) => {
      const name = keyword === 'FROM' ? words[2] : undefined;
      return name && name !== name.toLowerCase() ? [`Stage name ${name} should be lowercase`] : [];
    },
  },
  FromAsCasing: {
    url: 'https://docs.docker.com/reference/build-checks/from-as-casing/',
    check: ({ instruction: { keyword, name, words } }) => {
      const as = keyword === 'FROM' ? words[1] : undefined;
      return as && as !== cased('as', name) ? [`The casing of ${as} should be that of ${name}`] : [];
    },
  },
  ConsistentInstructionCasing: {
    url: 'https://docs.docker.com/reference/build-checks/consistent-instruction-casing/',
    check: ({ instruction: { name, keyword }, isLowerCase }) => {
      const wanted = isLowerCase ? keyword.toLowerCase() : keyword;
      return name === wanted ? [] : [`Instruction ${name} should be written ${wanted} as most others are`];
    },
  },
  NoEmptyContinuation: {
    url: 'https://docs.docker.com/reference/build-checks/no-empty-continuation/',
    check: ({ instruction: { line, lastLine, hasHeredoc }, lines }) =>
      !hasHeredoc && lines.slice(line, lastLine).some((each) => each.trim() === '')
        ? ['Empty lines within an instruction will become errors in a future release']
        : [],
  },
  UndefinedArgInFrom: {
    url: 'https://docs.docker.com/reference/build-checks/undefined-arg-in-from/',
    check: ({ instruction: { keyword, words, flags }, globals }) =>
      keyword !== 'FROM'
        ? []
        : variablesOf([...flags, words[0] ?? ''].join(' '))
            .filter((name) => !globals.has(name) && !platformArgument.test(name))
            .map((name) => `FROM argument ${name} is not declared`),
  },
  LegacyKeyValueFormat: {
    url: 'https://docs.docker.com/reference/build-checks/legacy-key-value-format/',
    check: ({ instruction: { keyword, words } }) =>
      (keyword === 'ENV' || keyword === 'LABEL') && words.length > 1 && /^[^="']+$/.test(words[0] ?? '')
        ? [`${keyword} key=value should be used instead of ${keyword} key value`]
        : [],
  },
  ExposeProtoCasing: {
    url: 'https://docs.docker.com/reference/build-checks/expose-proto-casing/',
    check: ({ instruction: { keyword, words } }) =>
      keyword !== 'EXPOSE'
        ? []
        : words
            .filter((port) => /\/[a-z]*[A-Z]/.test(port))
            .map((port) => `The protocol of EXPOSE ${port} should be lowercase`),
  },
  ExposeInvalidFormat: {
    url: 'https://docs.docker.com/reference/build-checks/expose-invalid-format/',
    check: ({ instruction: { keyword, words } }) =>
      keyword !== 'EXPOSE'
        ? []
        : words
            .filter((port) => /^[^$]*:/.test(port))
            .map((port) => `EXPOSE names the container's port alone, not an address or a port of the host: ${port}`),
  },
  RemoteAddWithoutChecksum: {
    url: 'https://docs.docker.com/reference/dockerfile/#add---checksum',
    check: ({ instruction: { keyword, words, flags } }) =>
      keyword !== 'ADD' || flags.some((flag) => /^--checksum=/i.test(flag))
        ? []
        : words
            .slice(0, -1)
            .filter((source) => /^https?:\/\/(?!\S+\.git(?:[#?]|$))/i.test(source))
            .map((source) => `Nobody checks what ADD fetches from ${source}: give its --checksum`),
  },
};

/** What the checks find, in the file's order. */
export function checkDockerfile(text: string, instructions: readonly WrittenInstruction[]): Lint[] {
  const lines = text.split('\n');
  const first = instructions.findIndex(({ keyword }) => keyword === 'FROM');
  const globals = new Set(
    instructions
      .slice(0, Math.max(0, first))
      .filter(({ keyword }) => keyword === 'ARG')
      .flatMap(({ words }) => words.map((word) => word.split('=')[0] ?? '')),
  );
  const lower = instructions.filter(({ name }) => name === name.toLowerCase()).length;
  const upper = instructions.filter(({ name }) => name === name.toUpperCase()).length;
  return instructions.flatMap((instruction) =>
    Object.entries(checks).flatMap(([rule, { check, url }]) =>
      check({ instruction, lines, globals, isLowerCase: lower > upper }).map((message) => ({
        rule,
        level: 'warning' as const,
        line: instruction.line,
        message: shownText(message, 500),
        url,
      })),
    ),
  );
}

function cased(word: string, like: string): string {
  return like === like.toLowerCase() ? word : word.toUpperCase();
}

function variablesOf(text: string): string[] {
  return [...text.matchAll(/(?<!\\)\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*))/g)].map(
    ([, bare, braced]) => bare ?? braced ?? '',
  );
}
