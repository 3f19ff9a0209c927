import { type Arg, type Copy, DockerfileParser, type From, type Instruction, type Run } from 'dockerfile-ast';
import { InvalidInputError } from '../model/errors.ts';
import { expandVariables } from './dockerfile-variables.ts';

/** One place in a Dockerfile that calls for an image. */
export interface BaseUse {
  kind: 'from' | 'copy' | 'mount';
  /** With the ARGs put in: `debian:12`. */
  reference: string;
  /** As it stands in the file: `debian:${RELEASE}`. */
  written: string;
  /** From 1. */
  line: number;
}

/** What a build must know of a Dockerfile before an engine reads it. */
export interface DockerfileSummary {
  /** Every image that the last stage is made of, in the file's order; stages that it does not need are left out. */
  bases: BaseUse[];
  /** The image that the last stage begins with, through all stages between; absent for `scratch`. */
  finalBase?: string | undefined;
  /** The image of `# syntax=`, which BuildKit alone reads. */
  syntax?: string | undefined;
  /** Names of all ARGs, of whatever stage. */
  args: Set<string>;
  hasRun: boolean;
  hasHeredoc: boolean;
}

/** What BuildKit presets in `FROM`: https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope */
export interface Platform {
  os: string;
  architecture: string;
}

interface Stage {
  name: string | undefined;
  /** Index of the stage that this one begins with, or the image. */
  base: number | BaseUse | undefined;
  /** What COPY and RUN take from: stages and images. */
  sources: (number | BaseUse)[];
}

const scratch = 'scratch';

/**
 * Finds the images that a Dockerfile is built from.
 * @throws InvalidInputError with a sentence for the file's author
 */
export function readDockerfile(text: string, platform: Platform): DockerfileSummary {
  const dockerfile = DockerfileParser.parse(text);
  const instructions = dockerfile.getInstructions();
  const escapeCharacter = dockerfile.getEscapeCharacter();
  const globals = new Map<string, string>(platformArguments(platform));
  const args = new Set<string>();
  const stages: Stage[] = [];
  let locals = new Map<string, string>();

  const at = (instruction: Instruction) => instruction.getRange().start.line + 1;
  const use = (
    kind: BaseUse['kind'],
    instruction: Instruction,
    written: string,
    scope: Map<string, string>,
  ): BaseUse => {
    const line = at(instruction);
    const reference = expandVariables(unquoted(written), (name) => scope.get(name), escapeCharacter);
    if (reference === '') {
      throw new InvalidInputError(
        `Line ${line}: ${JSON.stringify(written)} is empty once its variables are put in. Give its ARG a default before the first FROM.`,
      );
    }
    return { kind, reference, written, line };
  };
  const stageNamed = (reference: string): number | undefined => {
    const index = stages.findLastIndex((stage) => stage.name === reference.toLowerCase());
    return index < 0 ? undefined : index;
  };

  for (const instruction of instructions) {
    const keyword = instruction.getKeyword();
    const stage = stages.at(-1);
    if (keyword === 'ARG') {
      const scope = stage ? locals : globals;
      for (const property of (instruction as Arg).getProperties()) {
        const name = property.getName();
        args.add(name);
        const value = property.getValue();
        if (value !== null)
          scope.set(
            name,
            expandVariables(value, (other) => scope.get(other), escapeCharacter),
          );
        else if (stage && globals.has(name)) scope.set(name, globals.get(name) ?? '');
      }
    } else if (keyword === 'FROM') {
      const from = instruction as From;
      const written = from.getImage();
      if (written === null) throw new InvalidInputError(`Line ${at(instruction)}: FROM names no image.`);
      const base = use('from', instruction, written, globals);
      const name = from.getBuildStage()?.toLowerCase();
      stages.push({
        name,
        base: base.reference === scratch ? undefined : (stageNamed(base.reference) ?? base),
        sources: [],
      });
      locals = new Map();
    } else if (stage) {
      if (keyword === 'ENV') continue;
      for (const [kind, written] of sourcesOf(instruction, keyword)) {
        const source = use(kind, instruction, written, locals);
        const index = /^\d+$/.test(source.reference) ? Number(source.reference) : stageNamed(source.reference);
        if (index !== undefined && index >= stages.length) {
          throw new InvalidInputError(`Line ${source.line}: there is no stage ${source.reference}.`);
        }
        if (source.reference !== scratch) stage.sources.push(index ?? source);
      }
    }
  }
  if (stages.length === 0) throw new InvalidInputError('There is no FROM instruction in it.');

  const needed = reachable(stages);
  const finalBase = rootOf(stages, stages.length - 1);
  const syntax = dockerfile
    .getDirectives()
    .find((directive) => directive.getName().toLowerCase() === 'syntax')
    ?.getValue();
  return {
    bases: stages.flatMap((stage, index) =>
      needed.has(index) ? [stage.base, ...stage.sources].filter((source) => typeof source === 'object') : [],
    ),
    finalBase,
    syntax,
    args,
    hasRun: instructions.some((instruction) => instruction.getKeyword() === 'RUN'),
    hasHeredoc: instructions.some(
      (instruction) =>
        ['RUN', 'COPY', 'ADD'].includes(instruction.getKeyword()) &&
        (instruction as Run | Copy).getHeredocs?.().length > 0,
    ),
  };
}

function sourcesOf(instruction: Instruction, keyword: string): ['copy' | 'mount', string][] {
  if (keyword === 'COPY') {
    const from = (instruction as Copy)
      .getFlags()
      .find((flag) => flag.getName().toLowerCase() === 'from')
      ?.getValue();
    return from ? [['copy', from]] : [];
  }
  if (keyword !== 'RUN') return [];
  return (instruction as Run)
    .getFlags()
    .filter((flag) => flag.getName().toLowerCase() === 'mount')
    .flatMap((flag) => (flag.getValue() ?? '').split(','))
    .map((option) => /^"?from=(.+?)"?$/i.exec(option.trim())?.[1])
    .filter((from) => from !== undefined)
    .map((from) => ['mount', from]);
}

function reachable(stages: Stage[]): Set<number> {
  const seen = new Set<number>();
  const next = [stages.length - 1];
  for (let index = next.pop(); index !== undefined; index = next.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const stage = stages[index];
    next.push(...[stage?.base, ...(stage?.sources ?? [])].filter((source) => typeof source === 'number'));
  }
  return seen;
}

function rootOf(stages: Stage[], index: number): string | undefined {
  const base = stages[index]?.base;
  return typeof base === 'number' ? rootOf(stages, base) : base?.reference;
}

function unquoted(text: string): string {
  return /^"(.*)"$/.exec(text)?.[1] ?? /^'(.*)'$/.exec(text)?.[1] ?? text;
}

function platformArguments({ os, architecture }: Platform): [string, string][] {
  return ['TARGET', 'BUILD'].flatMap((side): [string, string][] => [
    [`${side}PLATFORM`, `${os}/${architecture}`],
    [`${side}OS`, os],
    [`${side}ARCH`, architecture],
    [`${side}VARIANT`, ''],
  ]);
}
