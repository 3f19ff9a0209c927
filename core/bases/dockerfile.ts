import { argumentNames, triggerOf } from './dockerfile/arguments.ts';
import { readInstructions } from './dockerfile/instructions.ts';
import { type BaseUse, type Platform, Stages } from './dockerfile/stages.ts';

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

/**
 * Finds the images that a Dockerfile is built from, as BuildKit finds them (docs/decisions/dockerfile-reader.md).
 * @throws InvalidInputError with a sentence for the file's author
 */
export function readDockerfile(text: string, platform: Platform): DockerfileSummary {
  const { instructions, escapeCharacter, syntax, fault } = readInstructions(text);
  if (fault) throw fault;
  const stages = new Stages(instructions, escapeCharacter, platform);
  const finalBase = stages.finalBase();
  const all = instructions.flatMap((each) => (each.keyword === 'ONBUILD' ? [each, triggerOf(each)] : [each]));
  return {
    bases: stages.neededBases(),
    finalBase,
    syntax,
    args: new Set(
      all.filter(({ keyword }) => keyword === 'ARG').flatMap((each) => argumentNames(each, escapeCharacter)),
    ),
    hasRun: all.some(({ keyword }) => keyword === 'RUN'),
    hasHeredoc: instructions.some(({ hasHeredoc }) => hasHeredoc),
  };
}
