import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { severities } from './finding.ts';
import type { RecordScan, ScanScope } from './scan-records.ts';

const timeLimit = 10 * 60 * 1000;
/** Of a worker that has nothing to do. The records it has read go with it. */
const idleLimit = 60 * 1000;

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

/** Scans by the records of a folder, one image after the other, in a thread that is there only while it is needed. */
export function createRecordScanner(osvFolder: string | undefined): RecordScanner {
  let worker: Worker | undefined;
  let idle: NodeJS.Timeout | undefined;

  const end = async (): Promise<void> => {
    clearTimeout(idle);
    const ending = worker;
    worker = undefined;
    await ending?.terminate();
  };

  const begin = (): Worker => {
    const started = new Worker(new URL('./record-worker.ts', import.meta.url), {
      workerData: { osvFolder },
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
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
      const timeout = AbortSignal.timeout(timeLimit);
      const signal = AbortSignal.any([timeout, ended.signal]);
      try {
        const answered = once(running, 'message', { signal });
        const exited = once(running, 'exit', { signal }).then(() => {
          throw new ScanFailedError('The scan was ended');
        });
        running.postMessage({ layers, scope });
        const [message] = await Promise.race([answered, exited]);
        const { scan, failure } = message as { scan?: RecordScan; failure?: string };
        if (scan === undefined) throw new ScanFailedError(failure ?? 'The scan gave no answer');
        idle = setTimeout(end, idleLimit);
        idle.unref();
        return scan;
      } catch (cause) {
        if (cause instanceof ScanFailedError) throw cause;
        await end();
        const reason = timeout.aborted ? `The scan took more than ${timeLimit / 60_000} minutes` : String(cause);
        throw new ScanFailedError(reason, { cause });
      } finally {
        // Takes the listeners off that did not come to anything.
        ended.abort();
      }
    },
    stop: end,
  };
}
