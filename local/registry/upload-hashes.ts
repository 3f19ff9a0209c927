import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';

/** A message to the thread: this much of a file is there, and who waits for the digest of that much, if anybody does. */
export interface Grown {
  file: string;
  size: number;
  digestTo?: MessagePort;
}

/**
 * Hashes files with SHA-256 while they grow, so that little is left to do at their end. It is done in a thread: hashing takes as long as
 * receiving. The thread is there only while files are followed.
 */
export function createUploadHashes() {
  const followed = new Set<string>();
  let thread: Worker | undefined;

  const begin = (): Worker => {
    const started = new Worker(new URL('./hash-worker.ts', import.meta.url), { env: {}, execArgv: [] });
    started.unref();
    return started;
  };

  return {
    grown(file: string, size: number): void {
      followed.add(file);
      thread ??= begin();
      thread.postMessage({ file, size } satisfies Grown);
    },

    /** Undefined for a file that is not followed, or cannot be read. */
    async digestOf(file: string, size: number): Promise<string | undefined> {
      if (!followed.has(file) || thread === undefined) return undefined;
      const { port1, port2 } = new MessageChannel();
      thread.postMessage({ file, size, digestTo: port2 } satisfies Grown, [port2]);
      try {
        const [hex] = (await Promise.race([once(port1, 'message'), once(port1, 'close')])) as [string | undefined];
        return hex === undefined ? undefined : `sha256:${hex}`;
      } finally {
        port1.close();
      }
    },

    async forget(file: string): Promise<void> {
      if (!followed.delete(file) || followed.size > 0) return;
      const ending = thread;
      thread = undefined;
      await ending?.terminate();
    },
  };
}
