import type { CacheUse } from '../../core/model/cache-use.ts';
import type { BuildLog } from '../log.ts';
import type { OutputLog } from '../process.ts';

/** Those that make files. Buildah caches the others too, among them the labels of the pipeline's own. */
const instruction = '(?:RUN|COPY|ADD|WORKDIR)\\b';
/** `#7 [2/5] RUN make`, `#7 [linux/amd64->arm64 tools 2/5] RUN make`; what a step prints has its time behind the number. */
const buildkitStep = new RegExp(`^#(\\d+) \\[(?:[^\\]]* )?\\d+/\\d+\\] ${instruction}`, 'i');
/**
 * A result that is pulled from the cache in the registry: BuildKit says `CACHED`, the progress of the pull, or both. The steps that follow
 * from it need the layers.
 */
const buildkitCached = /^#(\d+) (?:CACHED$|(?:extracting )?sha256:[0-9a-f]{64}\b)/;
/** `STEP 2/4: RUN make`, `[1/3] STEP 2/4: RUN make` */
const buildahStep = new RegExp(`^(?:\\[\\d+/\\d+\\] )?STEP \\d+/\\d+: (${instruction})?`, 'i');
const buildahCached = /^--> Using cache [0-9a-f]{64}$/;

/**
 * Counts, from the lines that BuildKit (`--progress=plain`), Buildah and Podman print, how many of the steps that make files came from the
 * cache. Only numbers are kept of them: the text of a step may name what is not for everybody.
 */
export class StepCounter {
  /** By what the engine calls a step, whether it came from the cache. BuildKit prints steps that run at a time by turns. */
  readonly #steps = new Map<string, boolean>();
  #current: string | undefined;

  /** The log, whose lines are counted as they are logged. */
  counting(log: BuildLog): OutputLog {
    const receive = (line: string) => this.receive(line);
    return { stream: () => log.stream({ receive }), line: (text) => log.line(text) };
  }

  receive(line: string): void {
    const vertex = buildkitStep.exec(line)?.[1];
    if (vertex !== undefined) this.#begin(`#${vertex}`);
    const cached = buildkitCached.exec(line)?.[1];
    if (cached !== undefined) this.#reuse(`#${cached}`);
    const step = buildahStep.exec(line);
    if (step) {
      this.#current = step[1] === undefined ? undefined : step[0];
      if (this.#current !== undefined) this.#begin(this.#current);
    }
    if (buildahCached.test(line)) this.#reuse(this.#current);
  }

  /** Undefined where there is no such step, or where the output has another form. */
  get use(): CacheUse | undefined {
    const steps = [...this.#steps.values()];
    return steps.length === 0 ? undefined : { cached: steps.filter(Boolean).length, total: steps.length };
  }

  #begin(step: string): void {
    if (!this.#steps.has(step)) this.#steps.set(step, false);
  }

  #reuse(step: string | undefined): void {
    if (step !== undefined && this.#steps.has(step)) this.#steps.set(step, true);
  }
}
