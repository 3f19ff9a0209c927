import { shownText } from '../../text/safe-line.ts';
import { looksSecret } from '../../text/secret-name.ts';
import type { Lint } from './dockerfile-lint.ts';
import type { WrittenInstruction } from './written-instruction.ts';

/** An instruction, and what the checks need of the file around it. */
interface Context {
  instruction: WrittenInstruction;
  /** The instructions of its stage, and its index among them. */
  stage: readonly WrittenInstruction[];
  at: number;
  /** The names of the earlier stages, in lower case. */
  stageNames: ReadonlySet<string>;
  lines: readonly string[];
  /** The names of the ARGs before the first FROM. */
  globals: ReadonlySet<string>;
  /** Whether most instructions are written in lower case. */
  isLowerCase: boolean;
}

/** Returns a message for each fault of an instruction. */
type Check = (context: Context) => string[];
type Checks = Readonly<Record<string, { check: Check; url: string }>>;

/** https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope */
const platformArgument = /^(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT|OSVERSION)$/;

const platformOf = ({ keyword, flags }: WrittenInstruction): string | undefined =>
  keyword === 'FROM' ? flags.find((flag) => flag.startsWith('--platform='))?.slice('--platform='.length) : undefined;

/** Those of BuildKit's checks that hadolint has too. https://docs.docker.com/reference/build-checks/ */
const sharedChecks: Checks = {
  MaintainerDeprecated: {
    url: 'https://docs.docker.com/reference/build-checks/maintainer-deprecated/',
    check: ({ instruction: { keyword } }) =>
      keyword === 'MAINTAINER' ? ['MAINTAINER is deprecated: use the label org.opencontainers.image.authors'] : [],
  },
  JSONArgsRecommended: {
    url: 'https://docs.docker.com/reference/build-checks/json-args-recommended/',
    check: ({ instruction: { keyword, words }, stage }) =>
      (keyword === 'CMD' || keyword === 'ENTRYPOINT') &&
      words.length > 0 &&
      !words[0]?.startsWith('[') &&
      !stage.some((each) => each.keyword === 'SHELL')
        ? [
            `The arguments of ${keyword} should be written as JSON: otherwise a shell runs the program, and it gets no signals`,
          ]
        : [],
  },
  WorkdirRelativePath: {
    url: 'https://docs.docker.com/reference/build-checks/workdir-relative-path/',
    check: ({ instruction: { keyword, words }, stage, at }) =>
      keyword === 'WORKDIR' &&
      isRelative(words[0]) &&
      stage.slice(0, at).every((each) => each.keyword !== 'WORKDIR' || isRelative(each.words[0]))
        ? [`The relative WORKDIR ${words[0]} changes when the base image changes its own`]
        : [],
  },
  SecretsUsedInArgOrEnv: {
    url: 'https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/',
    check: ({ instruction: { keyword, words } }) => {
      if (keyword !== 'ARG' && keyword !== 'ENV') return [];
      const given = keyword === 'ENV' && !words[0]?.includes('=') ? words.slice(0, 1) : words;
      return given
        .map((word) => word.split('=')[0] ?? '')
        .filter(looksSecret)
        .map((name) => `${keyword} ${name} looks like a secret, and everyone who has the image can read it`);
    },
  },
  MultipleInstructionsDisallowed: {
    url: 'https://docs.docker.com/reference/build-checks/multiple-instructions-disallowed/',
    check: ({ instruction: { keyword }, stage, at }) =>
      ['CMD', 'ENTRYPOINT', 'HEALTHCHECK'].includes(keyword) &&
      stage.slice(at + 1).some((each) => each.keyword === keyword)
        ? [`Only the last ${keyword} of a stage counts`]
        : [],
  },
  DuplicateStageName: {
    url: 'https://docs.docker.com/reference/build-checks/duplicate-stage-name/',
    check: ({ instruction: { keyword, words }, stageNames }) =>
      keyword === 'FROM' && stageNames.has(words[2]?.toLowerCase() ?? '')
        ? [`Another stage already has the name ${words[2]}`]
        : [],
  },
  ReservedStageName: {
    url: 'https://docs.docker.com/reference/build-checks/reserved-stage-name/',
    check: ({ instruction: { keyword, words } }) =>
      keyword === 'FROM' && /^(?:scratch|context)$/i.test(words[2] ?? '')
        ? [`${words[2]} is reserved: a stage should not have this name`]
        : [],
  },
  FromPlatformFlagConstDisallowed: {
    url: 'https://docs.docker.com/reference/build-checks/from-platform-flag-const-disallowed/',
    check: ({ instruction }) => {
      const platform = platformOf(instruction);
      return platform && !platform.includes('$') ? [`FROM should not always ask for the platform ${platform}`] : [];
    },
  },
  RedundantTargetPlatform: {
    url: 'https://docs.docker.com/reference/build-checks/redundant-target-platform/',
    check: ({ instruction }) =>
      /^\$\{?TARGETPLATFORM\}?$/.test(platformOf(instruction) ?? '')
        ? ['$TARGETPLATFORM is what FROM takes without a --platform']
        : [],
  },
};

/**
 * BuildKit's checks that hadolint does not have, under BuildKit's names (https://docs.docker.com/reference/build-checks/), and one of our
 * own. Checks that need the base image's configuration or the ignore file are not included.
 */
const checks: Checks = {
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
            .map((port) => `EXPOSE should name only the container's port, no address or port of the host: ${port}`),
  },
  RemoteAddWithoutChecksum: {
    url: 'https://docs.docker.com/reference/dockerfile/#add---checksum',
    check: ({ instruction: { keyword, words, flags } }) =>
      keyword !== 'ADD' || flags.some((flag) => /^--checksum=/i.test(flag))
        ? []
        : words
            .slice(0, -1)
            .filter((source) => /^https?:\/\/(?!\S+\.git(?:[#?]|$))/i.test(source))
            .map((source) => `ADD fetches ${source} without a check: add its --checksum`),
  },
};

/** The lints of all checks, in the file's order; with `besideHadolint` only of those that hadolint does not have. */
export function checkDockerfile(
  text: string,
  instructions: readonly WrittenInstruction[],
  { besideHadolint = false } = {},
): Lint[] {
  const lines = text.split('\n');
  const wanted = Object.entries(besideHadolint ? checks : { ...checks, ...sharedChecks });
  const lower = instructions.filter(({ name }) => name === name.toLowerCase()).length;
  const upper = instructions.filter(({ name }) => name === name.toUpperCase()).length;
  const [before = [], ...stages] = stagesOf(instructions);
  const globals = new Set(
    before
      .filter(({ keyword }) => keyword === 'ARG')
      .flatMap(({ words }) => words.map((word) => word.split('=')[0] ?? '')),
  );
  const stageNames = new Set<string>();
  return [before, ...stages].flatMap((stage) => {
    const found = stage.flatMap((instruction, at) =>
      wanted.flatMap(([rule, { check, url }]) =>
        check({ instruction, stage, at, stageNames, lines, globals, isLowerCase: lower > upper }).map((message) => ({
          rule,
          level: 'warning' as const,
          line: instruction.line,
          message: shownText(message, 500),
          url,
        })),
      ),
    );
    const name = stage[0]?.keyword === 'FROM' ? stage[0].words[2] : undefined;
    if (name) stageNames.add(name.toLowerCase());
    return found;
  });
}

/** The instructions before the first FROM, then those of each stage. */
function stagesOf(instructions: readonly WrittenInstruction[]): WrittenInstruction[][] {
  const stages: WrittenInstruction[][] = [[]];
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM') stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  return stages;
}

function isRelative(path = '/'): boolean {
  return !/^(?:[/$\\"']|[A-Za-z]:)/.test(path);
}

function cased(word: string, like: string): string {
  return like === like.toLowerCase() ? word : word.toUpperCase();
}

function variablesOf(text: string): string[] {
  return [...text.matchAll(/(?<!\\)\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*))/g)].map(
    ([, bare, braced]) => bare ?? braced ?? '',
  );
}
