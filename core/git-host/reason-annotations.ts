import { type Instruction, readInstructions } from '../bases/dockerfile/instructions.ts';
import { readDockerfile } from '../bases/dockerfile.ts';
import type { Build, Verdict } from '../model/build.ts';
import type { BuildRequest } from '../model/builder-contract.ts';
import { InvalidInputError } from '../model/errors.ts';
import { architectureOf } from '../model/platform.ts';
import { shortened } from '../text/markdown.ts';
import type { Annotation } from './check-run.ts';

/** A Dockerfile as the source's repository has it, and what the build was asked for. */
export interface SourceDockerfile extends Pick<BuildRequest, 'buildArgs' | 'target' | 'platforms'> {
  path: string;
  text: string;
}

/** At one line; the summary of the check run has more. */
const mostReasons = 10;

/**
 * Why an image was not released, at the lines of its Dockerfile: a vulnerable package where it is installed, or else where the image that has
 * it is named; a failure at the instruction that failed.
 */
export function reasonAnnotations({ verdict, failure }: Build, file: SourceDockerfile): Annotation[] {
  const { instructions } = readInstructions(file.text);
  if (failure) return failureAnnotations(failure.message, file, instructions);
  if (verdict?.outcome !== 'block') return [];
  const from = lineOfBase(file);
  const byLine = Map.groupBy(packagesOf(verdict), (each) => lineThatInstalls(each.package, file, instructions) ?? from);
  return [...byLine].flatMap(([line, found]) =>
    line === undefined ? [] : annotationAt(line, file, 'Blocked', textOf(found)),
  );
}

function packagesOf({ reasons, packages = [] }: Verdict) {
  return reasons.flatMap((reason, at) => (packages[at] ? { reason, package: packages[at] } : []));
}

function textOf(found: readonly { reason: string }[]): string {
  const reasons = found.map(({ reason }) => reason);
  return shortened(reasons, mostReasons).join('\n');
}

function failureAnnotations(message: string, file: SourceDockerfile, instructions: readonly Instruction[]) {
  const named = /\bLine (\d{1,6}): /.exec(message)?.[1];
  const failed = /^The instruction (.*?) failed(?::|\. )/s.exec(message)?.[1] ?? '';
  const isFailed = ({ name, rest }: Instruction) => failed !== '' && isSameText(`${name}${rest}`, failed);
  const line = named === undefined ? instructions.find(isFailed)?.line : Number(named);
  return line === undefined ? [] : annotationAt(line, file, 'Failed', message);
}

/** Engines change the spaces of an instruction, and cut a long one. */
function isSameText(written: string, shown: string): boolean {
  const [one, other] = [written, shown].map((text) => text.replace(/\s+|…$/g, ''));
  return one?.startsWith(other ?? '') ?? false;
}

/** The FROM of the image that the built stage is based on. */
function lineOfBase({ text, platforms = [], buildArgs, target }: SourceDockerfile): number | undefined {
  const platform = { os: 'linux', architecture: architectureOf(platforms[0] ?? 'linux/amd64') };
  try {
    const { bases, finalBase } = readDockerfile(text, platform, { buildArgs, target });
    return bases.find(({ kind, reference }) => kind === 'from' && reference === finalBase)?.line;
  } catch (error) {
    // The file that was built had been changed by a script before.
    if (!(error instanceof InvalidInputError)) throw error;
    return undefined;
  }
}

function lineThatInstalls(name: string, { text }: SourceDockerfile, instructions: readonly Instruction[]) {
  const lines = text.split('\n');
  const installing = instructions.filter(
    ({ keyword, rest }) => keyword === 'RUN' && /\b(?:install|add)\b/.test(rest) && rest.includes(name),
  );
  for (const { line, lastLine } of installing) {
    for (let at = line; at <= lastLine; at++) if (wordsOf(lines[at - 1] ?? '').includes(name)) return at;
  }
  return undefined;
}

/** `apk add openssl=3.0 "curl" left-pad@1`: the names, without versions. */
function wordsOf(line: string): string[] {
  return line.split(/[\s"'[\],=<>~;&|\\]+/).map((word) => word.replace(/(?<=.)@.*$/, ''));
}

function annotationAt(line: number, { path }: SourceDockerfile, title: string, message: string): Annotation[] {
  return [{ path, start_line: line, end_line: line, annotation_level: 'failure', title, message }];
}
