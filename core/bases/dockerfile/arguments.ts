import { InvalidInputError } from '../../model/errors.ts';
import { execForm, type Instruction, splitInstruction, wordsOf } from './instructions.ts';

const keywords = new Set([
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'RUN',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
]);
const notAfterOnbuild = new Set(['', 'FROM', 'MAINTAINER', 'ONBUILD']);

/** @throws InvalidInputError */
export function fromOf({ rest, line }: Instruction): {
  written: string;
  /** The name of the stage in lower case, and as it is written. */
  name?: string;
  writtenName?: string;
} {
  const [written = '', as, name = '', ...others] = rest.split(/[\t\v\f\r ]+/);
  if (written === '') throw refusal(line, 'FROM names no image.');
  if (as === undefined) return { written };
  // With Unicode case folding, as BuildKit compares.
  if (name === '' || others.length > 0 || !/^as$/iu.test(as)) {
    throw refusal(line, 'FROM takes an image, or an image, AS and a name.');
  }
  if (!/^[a-z][a-z0-9-_.]*$/.test(name.toLowerCase())) {
    throw refusal(line, `a stage cannot be called ${JSON.stringify(name)}.`);
  }
  return { written, name: name.toLowerCase(), writtenName: name };
}

/**
 * `ARG NAME=word OTHER`
 * @throws InvalidInputError
 */
export function argumentsOf(
  instruction: Instruction,
  escapeCharacter: string,
): [name: string, word: string | undefined][] {
  const words = wordsOf(instruction, escapeCharacter);
  if (words.length === 0) throw refusal(instruction.line, 'ARG names no variable.');
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === 0) throw refusal(instruction.line, `${JSON.stringify(word)} has no name.`);
    return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** The variables that an ARG names. */
export function argumentNames(instruction: Instruction, escapeCharacter: string): string[] {
  return wordsOf(instruction, escapeCharacter).map((word) => word.split('=')[0] ?? '');
}

/**
 * `ENV NAME=word OTHER=word`, or the old form `ENV NAME any words`.
 * @throws InvalidInputError
 */
export function assignmentsOf(instruction: Instruction, escapeCharacter: string): [name: string, word: string][] {
  const { rest, line } = instruction;
  const words = wordsOf(instruction, escapeCharacter);
  if (words.length > 0 && !words[0]?.includes('=')) {
    const [, name = '', word] = /^([^\t\v\f\r ]*)[\t\v\f\r ]+(.*)$/s.exec(rest) ?? [];
    if (word === undefined) throw refusal(line, `ENV gives ${JSON.stringify(rest)} no value.`);
    return [[name, word]];
  }
  if (words.length === 0) throw refusal(line, 'ENV names no variable.');
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1) throw refusal(line, `${JSON.stringify(word)} is not NAME=value.`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** An address as an engine knows it, or a word whose variables decide what it is: a base image may set them. */
const mayBeAddress = /^(?:[a-z][a-z\d+.-]*:\/\/|[\w.-]+@[\w.-]+:|[^/]*\$)/i;

/** What an ADD may fetch from a network, as it is written. */
export function remoteSourcesOf({ rest }: Pick<Instruction, 'rest'>, escapeCharacter: string): string[] {
  const words = execForm(rest) ?? wordsOf({ rest }, escapeCharacter);
  const plain = (word: string) => word.replaceAll(/["']/g, '').replaceAll(escapeCharacter, '');
  return words.slice(0, -1).filter((word) => mayBeAddress.test(plain(word)));
}

/**
 * The instruction after ONBUILD, which runs in Dockerfiles based on the image. It is read like a separate file, without directives.
 * @throws InvalidInputError
 */
export function triggerOf(instruction: Instruction): Instruction {
  const trigger = { ...instruction, ...splitInstruction(instruction.rest, '\\') };
  const { keyword, name, line } = trigger;
  if (notAfterOnbuild.has(keyword)) throw refusal(line, `ONBUILD cannot contain ${JSON.stringify(name)}.`);
  return trigger;
}

/** @throws InvalidInputError */
export function known(instruction: Instruction): Instruction {
  if (keywords.has(instruction.keyword)) return instruction;
  throw refusal(instruction.line, `${JSON.stringify(instruction.name)} is not an instruction.`);
}

/**
 * The values of all flags with a name.
 * @throws InvalidInputError
 */
export function valuesOf(flag: string, { flags, line }: Instruction): string[] {
  return flags.flatMap((each) => {
    if (each === `--${flag}`) throw refusal(line, `${each} has no value.`);
    return each.startsWith(`--${flag}=`) ? [each.slice(flag.length + 3)] : [];
  });
}

/** An error with the line in the Dockerfile. */
export function refusal(line: number, why: string, options?: ErrorOptions): InvalidInputError {
  return new InvalidInputError(`Line ${line}: ${why}`, options);
}

/** Adds the line to an error. */
export function atLine<T>(line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw refusal(line, error.message, { cause: error });
  }
}
