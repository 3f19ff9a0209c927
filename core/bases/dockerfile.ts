import { argumentNames, remoteSourcesOf, triggerOf } from './dockerfile/arguments.ts';
import { readInstructions } from './dockerfile/instructions.ts';
import { type BaseUse, type DockerfileChoices, type Platform, Stages } from './dockerfile/stages.ts';

/** What a build must know about a Dockerfile before the engine reads it. */
export interface DockerfileSummary {
  /** Every image that the stage that is built depends on, in the file's order; without stages that it does not need. */
  bases: BaseUse[];
  /** The image that this stage is based on, directly or through other stages; absent for `scratch`. */
  finalBase?: string | undefined;
  /** The image of `# syntax=`, which only BuildKit uses. */
  syntax?: string | undefined;
  /** The names of the ARGs of all stages. */
  args: Set<string>;
  /** The stage that is built, as the file writes its name; absent for the last one. */
  target?: string | undefined;
  /** Whether it has RUN instructions: the others run nothing. */
  hasCommands: boolean;
  /** The options of all RUN instructions: `--mount=type=cache,target=/c`. */
  runOptions: string[];
  /** What ADD instructions may fetch from a network, as they write it. */
  remoteSources: string[];
  hasHeredoc: boolean;
  /** What Buildah and Podman may read differently from BuildKit. */
  ambiguity?: string | undefined;
}

/**
 * Finds the images that a Dockerfile is built from, by BuildKit's rules (docs/decisions/dockerfile-reader.md).
 * @throws InvalidInputError with a sentence for the file's author
 */
export function readDockerfile(text: string, platform: Platform, choices: DockerfileChoices = {}): DockerfileSummary {
  const { instructions, escapeCharacter, syntax, fault, ambiguity } = readInstructions(text);
  if (fault) throw fault;
  const stages = new Stages(instructions, { escapeCharacter, platform, ...choices });
  const finalBase = stages.finalBase();
  const all = instructions.flatMap((each) => (each.keyword === 'ONBUILD' ? [each, triggerOf(each)] : [each]));
  return {
    bases: stages.neededBases(),
    finalBase,
    target: stages.target,
    syntax,
    args: new Set(
      all.filter(({ keyword }) => keyword === 'ARG').flatMap((each) => argumentNames(each, escapeCharacter)),
    ),
    hasCommands: all.some(({ keyword }) => keyword === 'RUN'),
    runOptions: all.flatMap(({ keyword, flags }) => (keyword === 'RUN' ? flags : [])),
    remoteSources: all
      .filter(({ keyword }) => keyword === 'ADD')
      .flatMap((each) => remoteSourcesOf(each, escapeCharacter)),
    hasHeredoc: instructions.some(({ hasHeredoc }) => hasHeredoc),
    ambiguity,
  };
}
