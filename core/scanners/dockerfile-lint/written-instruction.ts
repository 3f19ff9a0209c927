import { DockerfileParser, ModifiableInstruction } from 'dockerfile-ast';

/** An instruction of a Dockerfile as its author wrote it. Lines count from 1. */
export interface WrittenInstruction {
  /** As it is written: `From`. */
  name: string;
  /** `FROM` */
  keyword: string;
  /** What comes after the name and its flags, in words; variables stay as they are. */
  words: string[];
  /** `--name=value` */
  flags: string[];
  line: number;
  lastLine: number;
  hasHeredoc: boolean;
}

export function writtenInstructions(text: string): WrittenInstruction[] {
  return DockerfileParser.parse(text)
    .getInstructions()
    .map((instruction) => {
      const { start, end } = instruction.getRange();
      const raw = instruction.getRawArgumentsContent() ?? '';
      return {
        name: instruction.getInstruction(),
        keyword: instruction.getKeyword(),
        words: instruction.getArguments().map((word) => word.getValue()),
        flags:
          instruction instanceof ModifiableInstruction
            ? instruction.getFlags().map((flag) => `--${flag.getName()}=${flag.getValue()}`)
            : [],
        line: start.line + 1,
        lastLine: end.line + 1,
        hasHeredoc: ['RUN', 'COPY', 'ADD'].includes(instruction.getKeyword()) && raw.includes('<<'),
      };
    });
}
