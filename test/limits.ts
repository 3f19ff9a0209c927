/**
 * The last guards against a hang. No test waits for them: what it needs is waited for by its event, however long that takes. The longest
 * test (the demo, which builds five images) takes a minute and a half on two quiet cores; a machine that does much else is as many times
 * slower as it has neighbours.
 */
const longestTest = 90_000;
const neighbours = 8;

/** In milliseconds, when a test is ended. */
export const testLimit = longestTest * neighbours;

/** When a wait within a test is given up: earlier, so that the test can say what did not happen. */
export const waitLimit = testLimit / 2;

/** For calls that get a signal when to stop. */
export const lastGuard = (): AbortSignal => AbortSignal.timeout(waitLimit);
