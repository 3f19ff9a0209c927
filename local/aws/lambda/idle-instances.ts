/** An instance takes some 30 MB. A build uses a dozen functions, and if all must start again it costs twice the processor's time. */
const kept = 5;
const milliseconds = 5 * 60_000;
/** Of those beyond the ones that are kept. */
const surplusMilliseconds = 30_000;
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

export function createIdleInstances(): IdleInstances {
  const resting = new Map<Endable, number>();
  let timer: NodeJS.Timeout | undefined;

  const remove = (instance: Endable): void => {
    resting.delete(instance);
    if (resting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  const review = (): void => {
    for (const instance of restedEnough(resting, performance.now())) {
      remove(instance);
      instance.end();
    }
  };

  return {
    add(instance) {
      resting.set(instance, performance.now());
      review();
      timer ??= setInterval(review, reviewMilliseconds).unref();
    },
    remove,
  };
}

/** @param resting since when each rests, in this order */
export function restedEnough<Instance>(resting: ReadonlyMap<Instance, number>, now: number): Instance[] {
  const allowedAt = (at: number): number => {
    const later = resting.size - 1 - at;
    if (later >= most) return 0;
    return later >= kept ? surplusMilliseconds : milliseconds;
  };
  return [...resting].filter(([, since], at) => now - since >= allowedAt(at)).map(([instance]) => instance);
}
