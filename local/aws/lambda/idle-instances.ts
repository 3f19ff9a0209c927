/**
 * An instance takes some 30 MB. A build uses a dozen functions, and if all must start again it costs twice the processor's time; but those that
 * come after it start while it runs (`Lambda.prepare`).
 */
const kept = 2;
const milliseconds = 5 * 60_000;
/** Those beyond the ones that are kept end when no function was called for this time. */
const quietMilliseconds = 10_000;
/** And when no build has run for this time: the next one needs them all again, and their start takes the processor from it. */
const afterBuildMilliseconds = 60_000;
/** One of each function that a build uses, and some more. */
const most = 16;
const reviewMilliseconds = 5_000;

/** The instances of all functions that have nothing to do. They end after a while, those first that have rested longest. */
export interface IdleInstances {
  add(instance: Endable): void;
  /** It has something to do again, or is gone. */
  remove(instance: Endable): void;
}

interface Endable {
  end(): void;
}

/** @param isBuilding whether a build runs, whose end needs the functions that have rested since its begin */
export function createIdleInstances(isBuilding: () => boolean): IdleInstances {
  const resting = new Map<Endable, number>();
  let calledAt = 0;
  let builtAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  const forget = (instance: Endable): boolean => {
    const wasResting = resting.delete(instance);
    if (resting.size > 0) return wasResting;
    clearInterval(timer);
    timer = undefined;
    return wasResting;
  };

  const review = (): void => {
    const now = performance.now();
    if (isBuilding()) builtAt = now;
    for (const instance of restedEnough(resting, now, { called: now - calledAt, built: now - builtAt })) {
      forget(instance);
      instance.end();
    }
  };

  return {
    add(instance) {
      calledAt = performance.now();
      resting.set(instance, calledAt);
      review();
      timer ??= setInterval(review, reviewMilliseconds).unref();
    },
    remove(instance) {
      if (forget(instance)) calledAt = performance.now();
    },
  };
}

/**
 * @param resting since when each rests, in this order
 * @param ago when a function was called, and when a build ran, for the last time
 */
export function restedEnough<Instance>(
  resting: ReadonlyMap<Instance, number>,
  now: number,
  ago: { called: number; built: number },
): Instance[] {
  const isQuiet = ago.called >= quietMilliseconds && ago.built >= afterBuildMilliseconds;
  const hasRested = (since: number, at: number): boolean => {
    const later = resting.size - 1 - at;
    const isSurplus = later >= most || (later >= kept && isQuiet);
    return isSurplus || now - since >= milliseconds;
  };
  return [...resting].filter(([, since], at) => hasRested(since, at)).map(([instance]) => instance);
}
