import { InvalidInputError } from '../../model/errors.ts';
import { parseImageReference } from '../../model/image-reference.ts';
import { argumentsOf, assignmentsOf, atLine, fromOf, known, refusal, triggerOf, valuesOf } from './arguments.ts';
import { Effort } from './effort.ts';
import type { Instruction } from './instructions.ts';
import { mountSource } from './mount.ts';
import { Variables } from './variables.ts';

/** One use of an image in a Dockerfile. */
export interface BaseUse {
  kind: 'from' | 'copy' | 'mount';
  /** With its ARGs resolved: `debian:12`. */
  reference: string;
  /** As written in the file: `debian:${RELEASE}`. */
  written: string;
  /** Counted from 1. */
  line: number;
}

/**
 * The platform whose variables BuildKit presets in `FROM`:
 * https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
 */
export interface Platform {
  os: string;
  architecture: string;
}

/** What the build is asked for beside the file. */
export interface DockerfileChoices {
  /** The values of ARGs. */
  buildArgs?: Readonly<Record<string, string>> | undefined;
  /** The stage that is built; the last one where it is absent. */
  target?: string | undefined;
  /** What the machine of the build runs, where that is another platform than the image's. */
  buildPlatform?: Platform | undefined;
}

interface Reading extends DockerfileChoices {
  escapeCharacter: string;
  platform: Platform;
}

/** The index of a stage, or an image; undefined for `scratch`. */
type Source = number | BaseUse | undefined;

/** What COPY or RUN takes files from, and the line of the instruction. */
interface FileSource {
  source: Source;
  line: number;
}

interface Stage {
  name: string | undefined;
  writtenName: string | undefined;
  line: number;
  base: Source;
  variables: Variables;
  commands: Instruction[];
  taken: FileSource[];
}

const scratch = 'scratch';

/**
 * The stages of a Dockerfile, and the images and stages that each is built from:
 * https://github.com/moby/buildkit/blob/v0.34.2/frontend/dockerfile/dockerfile2llb/convert.go
 */
export class Stages {
  readonly #escapeCharacter: string;
  readonly #reading: ConstructorParameters<typeof Variables>[0];
  /** The variables that FROM can use. */
  readonly #globals: Variables;
  readonly #stages: Stage[] = [];
  /** The last stage of each name. */
  readonly #named = new Map<string, number>();
  readonly #buildArgs: Readonly<Record<string, string>>;
  /** The index of the stage that is built. */
  readonly #built: number;

  constructor(instructions: readonly Instruction[], reading: Reading) {
    const { escapeCharacter, platform, buildPlatform = platform, buildArgs = {}, target } = reading;
    this.#escapeCharacter = escapeCharacter;
    this.#buildArgs = buildArgs;
    this.#reading = { escapeCharacter, effort: new Effort() };
    this.#globals = new Variables(this.#reading);
    for (const instruction of instructions) known(instruction);
    const last = instructions.findLast(({ keyword }) => keyword === 'FROM');
    if (last === undefined) throw new InvalidInputError('There is no FROM instruction in it.');
    const sides = { TARGET: platform, BUILD: buildPlatform };
    for (const [name, value] of presetArguments(sides, target ?? fromOf(last).name)) this.#globals.set(name, value);

    for (const instruction of instructions) {
      const { keyword, line } = instruction;
      const stage = this.#stages.at(-1);
      if (keyword === 'FROM') this.#begin(instruction);
      else if (stage) stage.commands.push(instruction);
      else if (keyword === 'ARG') this.#defineArguments(instruction, this.#globals);
      else throw refusal(line, `${keyword} is before the first FROM.`);
    }
    this.#built = target === undefined ? this.#stages.length - 1 : this.#stageCalled(target);
    // COPY and RUN see the names of all stages, including later ones.
    for (const { commands, taken, variables } of this.#stages) {
      for (const command of commands) taken.push(...this.#dispatch(command, variables));
    }
  }

  /** The name of the stage that is built, if another than the last was asked for. */
  get target(): string | undefined {
    return this.#built === this.#stages.length - 1 ? undefined : this.#stages[this.#built]?.writtenName;
  }

  /** Every image that the built stage depends on, in the file's order. */
  neededBases(): BaseUse[] {
    const needed = new Map<number, Source[]>();
    const next = [this.#built];
    for (let index = next.pop(); index !== undefined; index = next.pop()) {
      const stage = this.#stages[index];
      if (stage === undefined || needed.has(index)) continue;
      const taken = [...this.#triggered(stage), ...stage.taken];
      for (const { source, line } of taken) {
        if (typeof source === 'number' && source >= index) {
          throw refusal(line, 'the stage that it takes files from must come before its own.');
        }
      }
      const sources = [stage.base, ...taken.map(({ source }) => source)];
      needed.set(index, sources);
      for (const source of sources) if (typeof source === 'number') next.push(source);
    }
    const bases = [...needed]
      .sort(([one], [other]) => one - other)
      .flatMap(([, sources]) => sources.filter((source) => typeof source === 'object'));
    this.#keepNamesApart(
      this.#stages.filter((_, index) => needed.has(index)),
      bases,
    );
    return bases;
  }

  /**
   * A pinned base image is passed to the engine as a named context, which also replaces a stage of the same name
   * (https://docs.docker.com/reference/cli/docker/buildx/build/#build-context). A stage that adds nothing to that image may have its name.
   */
  #keepNamesApart(stages: readonly Stage[], bases: readonly BaseUse[]): void {
    const contexts = new Set(bases.map(contextOf));
    for (const { name, line, base, commands } of stages) {
      if (name === undefined || !contexts.has(name)) continue;
      if (commands.length === 0 && typeof base === 'object' && contextOf(base) === name) continue;
      throw refusal(
        line,
        `the stage has the name of the image ${name}, which would replace it. Give the stage another name.`,
      );
    }
  }

  /** The image that the built stage is based on, directly or through other stages. */
  finalBase(): string | undefined {
    let base = this.#stages[this.#built]?.base;
    while (typeof base === 'number') base = this.#stages[base]?.base;
    return base?.reference;
  }

  #stageCalled(target: string): number {
    const index = this.#named.get(target.toLowerCase());
    if (index !== undefined) return index;
    const names = [...this.#named.keys()];
    throw new InvalidInputError(
      `There is no stage ${JSON.stringify(target)} in it, which "target" in the index asks for. ` +
        (names.length > 0 ? `Its stages are ${names.join(', ')}.` : 'No FROM has a name: write AS and one.'),
    );
  }

  #begin(instruction: Instruction): void {
    const { line } = instruction;
    const { written, name, writtenName } = fromOf(instruction);
    const reference = expanded(written, line, this.#globals);
    // FROM refers to a stage only if it writes the name in lower case.
    const base = this.#named.get(reference) ?? imageOf({ kind: 'from', reference, written, line });
    const inherited = typeof base === 'number' ? this.#stages[base]?.variables : undefined;
    if (name !== undefined) this.#named.set(name, this.#stages.length);
    const variables = new Variables(this.#reading, inherited);
    this.#stages.push({ name, writtenName, line, base, variables, commands: [], taken: [] });
  }

  /** What a stage's instruction takes files from. Variables that it defines are set for the next instructions. */
  #dispatch(instruction: Instruction, variables: Variables): FileSource[] {
    const { keyword, line } = instruction;
    switch (keyword) {
      case 'ARG':
        this.#defineArguments(instruction, variables);
        return [];
      case 'ENV': {
        const assignments = assignmentsOf(instruction, this.#escapeCharacter);
        atLine(line, () => variables.define(assignments));
        return [];
      }
      case 'COPY': {
        const [from, ...others] = valuesOf('from', instruction);
        if (others.length > 0) throw refusal(line, 'COPY has --from more than once.');
        return from ? [{ source: this.#sourceOf('copy', from, line, variables), line }] : [];
      }
      case 'RUN':
        return valuesOf('mount', instruction).map((options) => {
          const from = atLine(line, () => mountSource(options)) ?? scratch;
          return { source: this.#sourceOf('mount', from, line, variables), line };
        });
      case 'ADD':
        if (valuesOf('from', instruction).length === 0) return [];
        throw refusal(line, 'ADD cannot take files from an image: write COPY.');
      case 'ONBUILD':
        triggerOf(instruction);
        return [];
      default:
        return [];
    }
  }

  #sourceOf(kind: 'copy' | 'mount', written: string, line: number, variables: Variables): Source {
    const reference = expanded(written, line, variables);
    if (kind === 'copy' && /^[-+]?\d+$/.test(reference)) {
      const index = Number(reference);
      if (this.#stages[index] === undefined) throw refusal(line, `there is no stage ${reference}.`);
      return index;
    }
    return this.#named.get(reference.toLowerCase()) ?? imageOf({ kind, reference, written, line });
  }

  /** What the ONBUILD instructions of a stage's base stage take files from. Those of an image are not in the file. */
  #triggered({ base, variables }: Stage): FileSource[] {
    const commands = typeof base === 'number' ? this.#stages[base]?.commands : undefined;
    return (commands ?? []).flatMap((instruction) => {
      this.#reading.effort.spend(1);
      if (instruction.keyword !== 'ONBUILD') return [];
      this.#reading.effort.spend(instruction.rest.length);
      return this.#dispatch(known(triggerOf(instruction)), variables);
    });
  }

  #defineArguments(instruction: Instruction, variables: Variables): void {
    for (const [name, word] of argumentsOf(instruction, this.#escapeCharacter)) {
      const given = Object.hasOwn(this.#buildArgs, name) ? this.#buildArgs[name] : undefined;
      if (given !== undefined) variables.set(name, given);
      else if (word !== undefined) atLine(instruction.line, () => variables.define([[name, word]]));
      else if (variables !== this.#globals) variables.take(name, this.#globals);
    }
  }
}

/** @throws InvalidInputError */
function imageOf(use: BaseUse): BaseUse | undefined {
  if (use.reference === scratch) return undefined;
  atLine(use.line, () => parseImageReference(use.reference));
  return use;
}

/** The name of an image, if a stage may have the same name. */
function contextOf({ reference }: BaseUse): string | undefined {
  const { registry, repository, tag = 'latest', digest } = parseImageReference(reference);
  const isShort = registry === 'docker.io' && tag === 'latest' && digest === undefined;
  return isShort ? /^library\/(.*)$/.exec(repository)?.[1] : undefined;
}

/** @throws InvalidInputError */
function expanded(written: string, line: number, variables: Variables): string {
  const reference = atLine(line, () => variables.expand(written));
  if (reference !== '') return reference;
  throw refusal(
    line,
    `${JSON.stringify(written)} is empty once its variables are resolved. Give its ARG a default before the first FROM.`,
  );
}

function presetArguments(
  sides: Record<'TARGET' | 'BUILD', Platform>,
  lastStage: string | undefined,
): [string, string][] {
  return [
    ...Object.entries(sides).flatMap(([side, { os, architecture }]): [string, string][] => [
      [`${side}PLATFORM`, `${os}/${architecture}`],
      [`${side}OS`, os],
      [`${side}OSVERSION`, ''],
      [`${side}ARCH`, architecture],
      [`${side}VARIANT`, ''],
    ]),
    ['TARGETSTAGE', lastStage ?? 'default'],
  ];
}
