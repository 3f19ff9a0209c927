import { toolEnvironment } from './engines/environment.ts';
import { findEngine } from './engines/find-engine.ts';

/** Prints what keeps builds from this machine, for the person who starts Slipway on it. */
const { confinement } = await findEngine({
  env: toolEnvironment(process.env),
  signal: new AbortController().signal,
  cacheOwner: 'report',
  buildkit: undefined,
  isRetried: true,
});
process.stdout.write(`${JSON.stringify(confinement)}\n`);
