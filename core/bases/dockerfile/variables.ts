import { type Expansion, expandWord, WordError } from './word.ts';

/** The variables of a part of a Dockerfile. A value that cannot be read is an error only where the variable is used. */
export class Variables {
  readonly #values = new Map<string, string | WordError>();
  readonly #reading: Pick<Expansion, 'escapeCharacter' | 'effort'>;
  readonly #outer: Variables | undefined;

  constructor(reading: Pick<Expansion, 'escapeCharacter' | 'effort'>, outer?: Variables) {
    this.#reading = reading;
    this.#outer = outer;
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** @throws WordError */
  valueOf(name: string): string | undefined {
    const value = this.#find(name);
    if (value instanceof WordError) throw value;
    return value;
  }

  /** @throws WordError */
  expand(word: string): string {
    return expandWord(word, { ...this.#reading, valueOf: (name) => this.valueOf(name) });
  }

  set(name: string, value: string): void {
    this.#values.set(name, value);
  }

  /** Sets variables at the same time, so that no value sees another one of them. */
  define(words: readonly (readonly [name: string, word: string])[]): void {
    const values = words.map(([name, word]) => [name, this.#expandedOrError(word)] as const);
    for (const [name, value] of values) this.#values.set(name, value);
  }

  /** `ARG NAME`: takes the value from before the first FROM, if there is one. */
  take(name: string, from: Variables): void {
    const value = from.#find(name);
    if (value !== undefined) this.#values.set(name, value);
  }

  #find(name: string): string | WordError | undefined {
    for (let scope: Variables | undefined = this; scope; scope = scope.#outer) {
      const value = scope.#values.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  #expandedOrError(word: string): string | WordError {
    try {
      return this.expand(word);
    } catch (error) {
      if (!(error instanceof WordError)) throw error;
      return error;
    }
  }
}
