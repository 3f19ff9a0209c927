import { vi } from 'vitest';
import { waitLimit } from './limits.ts';

/** Asks until it is so, as often as it takes; gives what the question gives when it no longer throws. */
export const eventually = <Value>(question: () => Value | Promise<Value>): Promise<Value> =>
  vi.waitFor(question, { timeout: waitLimit, interval: 20 });
