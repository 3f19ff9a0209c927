import { InvalidInputError } from '../../model/errors.ts';

const mostSteps = 4_000_000;
const deepest = 100;

/** Limits the cost of reading one Dockerfile, because its variables can double in size and nest in braces. */
export class Effort {
  #steps = 0;
  #depth = 0;

  /** @throws InvalidInputError */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > mostSteps) throw new InvalidInputError('It takes too long to read.');
  }

  /** @throws InvalidInputError */
  nested<T>(work: () => T): T {
    this.#depth += 1;
    if (this.#depth > deepest) {
      throw new InvalidInputError(`Its variables are nested more than ${deepest} deep.`);
    }
    try {
      return work();
    } finally {
      this.#depth -= 1;
    }
  }
}
