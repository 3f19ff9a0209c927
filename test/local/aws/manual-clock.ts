import type { Clock } from '../../../local/aws/clock.ts';

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /** Goes on to an instant, and calls on the way whoever waits for one, in order. */
  advanceTo(instant: number): void;
}

export function manualClock(start: number): ManualClock {
  let now = start;
  const waiting = new Set<{ instant: number; callback: () => void }>();
  return {
    now: () => now,
    at(instant, callback) {
      const entry = { instant, callback };
      waiting.add(entry);
      return () => waiting.delete(entry);
    },
    advanceTo(end) {
      for (;;) {
        const [next] = [...waiting].filter(({ instant }) => instant <= end).sort((a, b) => a.instant - b.instant);
        if (!next) break;
        waiting.delete(next);
        now = Math.max(now, next.instant);
        next.callback();
      }
      now = end;
    },
  };
}
