/** The time that schedules go by. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once at an instant, or soon after; the answer calls it off. */
  at(instant: number, callback: () => void): () => void;
}

/** Timers of Node hold 24.8 days at most. */
const longestTimer = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: Date.now,
  at(instant, callback) {
    let timer: NodeJS.Timeout;
    const wait = () => {
      const left = instant - Date.now();
      timer = left > longestTimer ? setTimeout(wait, longestTimer) : setTimeout(callback, Math.max(0, left));
    };
    wait();
    return () => clearTimeout(timer);
  },
};
