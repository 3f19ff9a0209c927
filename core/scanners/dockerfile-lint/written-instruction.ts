import { type Instruction, readInstructions, wordsOf } from '../../bases/dockerfile/instructions.ts';

/** An instruction of a Dockerfile as its author wrote it, for checks of how it is written. */
export interface WrittenInstruction extends Instruction {
  /** The words after the name and its flags; quotes and variables stay as they are. */
  words: readonly string[];
}

export function writtenInstructions(text: string): WrittenInstruction[] {
  const { instructions, escapeCharacter } = readInstructions(text);
  return instructions.map((instruction) => ({ ...instruction, words: wordsOf(instruction, escapeCharacter) }));
}
