import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import { severities } from './finding.ts';
import type { RecordScan, ScanScope } from './scan-records.ts';

const timeLimit = 10 * 60 * 1000;
/** Of a process that has nothing to do. It has as much memory as three functions; its start takes less than the scanners of the builder. */
const idleLimit = 20 * 1000;

/** A scan that could not be done; the message is for people. */
export class ScanFailedError extends Error {
  override readonly name = 'ScanFailedError';
}

const findingSchema = z.object({
  name: z.string(),
  description: z.string().optional(),
  uri: z.string().optional(),
  severity: z.enum(severities),
  packageName: z.string(),
  packageVersion: z.string(),
  fixedVersion: z.string().optional(),
  cvss: z.object({ version: z.literal([2, 3, 4]), score: z.number(), vector: z.string() }).optional(),
  platform: z.string().optional(),
  language: z.object({ packageManager: z.string(), path: z.string() }).optional(),
});

/** Findings as they are kept between the scan and those who ask. */
export const findingsSchema = z.array(findingSchema);

export interface RecordScanner {
  /** @throws ScanFailedError */
  scan(layers: string[], scope: ScanScope): Promise<RecordScan>;
  stop(): Promise<void>;
}

/** Scans by the records of a folder, one image after the other, in a process that is there only while it is needed. */
export function createRecordScanner(osvFolder: string | undefined, limit = timeLimit): RecordScanner {
  let worker: ChildProcess | undefined;
  let idle: NodeJS.Timeout | undefined;

  const end = async (): Promise<void> => {
    clearTimeout(idle);
    const ending = worker;
    worker = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const exited = once(ending, 'exit');
    ending.kill('SIGKILL');
    await exited;
  };

  const begin = (): ChildProcess => {
    const started = fork(new URL('./record-worker.ts', import.meta.url), osvFolder === undefined ? [] : [osvFolder], {
      env: {},
      execArgv: ['--max-old-space-size=1024'],
      serialization: 'advanced',
    });
    started.once('exit', () => {
      if (worker === started) worker = undefined;
    });
    return started;
  };

  return {
    async scan(layers, scope) {
      clearTimeout(idle);
      worker ??= begin();
      const running = worker;
      const ended = new AbortController();
      const timeout = AbortSignal.timeout(limit);
      const signal = AbortSignal.any([timeout, ended.signal]);
      try {
        const answered = once(running, 'message', { signal });
        const exited = once(running, 'exit', { signal }).then(() => {
          throw new ScanFailedError('The scan was ended');
        });
        running.send({ layers, scope });
        const [message] = await Promise.race([answered, exited]);
        const { scan, failure } = message as { scan?: RecordScan; failure?: string };
        if (scan === undefined) throw new ScanFailedError(failure ?? 'The scan gave no answer');
        idle = setTimeout(end, idleLimit);
        idle.unref();
        return scan;
      } catch (cause) {
        if (cause instanceof ScanFailedError) throw cause;
        await end();
        const reason = timeout.aborted ? `The scan took more than ${limit / 60_000} minutes` : String(cause);
        throw new ScanFailedError(reason, { cause });
      } finally {
        // Takes the listeners off that did not come to anything.
        ended.abort();
      }
    },
    stop: end,
  };
}
